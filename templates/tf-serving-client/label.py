"""Sends images to a model server and prints what they show. What to send where is in values.json."""

import base64
import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

VALUES = json.loads((Path(__file__).parent / "values.json").read_text(encoding="utf-8"))
INPUT = Path(os.environ.get("INPUT", "/input"))  # where a claim or ConfigMap with images is mounted
OUTPUT = Path(os.environ.get("OUTPUT", "/output"))
LARGEST = 64 * 1024 * 1024  # bytes of one image

DONE, UNREACHED, REFUSED = 0, 1, 2  # exit codes; the Job runs again after 1, not after 2

IMAGES = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n": "PNG", b"GIF8": "GIF", b"BM": "BMP", b"RIFF": "WebP"}


class Refused(Exception):
    """Input or server say no, and would again."""


class NotReady(Exception):
    """The server may answer later."""


def main():
    """Label every image of this pod's share; return an exit code."""
    found, refused = [], 0
    try:
        ask = CLIENTS[VALUES["protocol"]]()
        names = share(inputs())
        for batch in batches(names, VALUES["batchSize"]):
            readable = list(loaded(batch))
            labelled = [result for result in answers(ask, readable) if result]
            refused += len(batch) - len(labelled)
            found += labelled
    except (Refused, NotReady) as error:
        say(error)
        return REFUSED if isinstance(error, Refused) else UNREACHED
    save(found)
    say(f"{len(found)} of {len(names)} images labelled")
    return REFUSED if refused else DONE


def inputs():
    """Return the images that are named, or else every file of the mounted folder."""
    if VALUES["images"]:
        return VALUES["images"]
    folder = INPUT / VALUES["inputPath"].lstrip("/")
    if folder.is_file():
        return [str(folder)]
    # Names with a dot before them are Kubernetes' own.
    files = sorted(str(path) for path in folder.rglob("[!.]*") if path.is_file() and not hidden(path, folder))
    if not files:
        raise Refused(f"there are no files in {folder}")
    return files


def hidden(path, folder):
    """Whether the path goes through a folder with a dot before its name."""
    return any(part.startswith(".") for part in path.relative_to(folder).parts)


def share(names):
    """Return what is this pod's to do when several share the work."""
    return names[int(os.environ.get("JOB_COMPLETION_INDEX", "0")) :: VALUES["completions"]]


def batches(names, size):
    """Return the names in groups of `size`."""
    return [names[i : i + size] for i in range(0, len(names), size)]


def loaded(names):
    """Return names and bytes of the images that can be read; say what is wrong with the others."""
    for name in names:
        try:
            yield name, image(name)
        except Refused as error:
            say(f"{name}: {error}")


def image(name):
    """Return the bytes of an image; Refused for what is none."""
    content = fetched(name) if urllib.parse.urlsplit(name).scheme in ("http", "https") else read(name)
    if len(content) > LARGEST:
        raise Refused(f"is larger than {LARGEST >> 20} MiB")
    if not content.startswith(tuple(IMAGES)):
        raise Refused(f"is no image ({', '.join(IMAGES.values())}): it begins with {content[:12]!r}")
    return content


def read(name):
    """Return a file's bytes; a relative name is one below the mounted folder."""
    try:
        with (INPUT / name).open("rb") as file:
            return file.read(LARGEST + 1)
    except (OSError, ValueError) as error:
        raise Refused(f"can't be read: {error}") from None


def fetched(url):
    """Return the bytes at an address."""
    try:
        with urllib.request.urlopen(url, timeout=VALUES["timeoutSeconds"]) as answer:
            return answer.read(LARGEST + 1)
    except (OSError, ValueError, http.client.HTTPException) as error:
        raise Refused(f"can't be fetched: {error}") from None


def answers(ask, batch):
    """Return a result for each image, None for one that the server refuses."""
    if not batch:
        return []
    try:
        predictions = patiently(ask, [content for _, content in batch])
        return [shown(name, prediction) for (name, _), prediction in zip(batch, predictions)]  # noqa: B905
    except Refused as error:
        if len(batch) > 1:  # one bad image must not take the others with it
            return [result for one in batch for result in answers(ask, [one])]
        say(f"{batch[0][0]}: {error}")
        return [None]


def patiently(ask, images):
    """Return the server's predictions, asked again until it answers or waitSeconds are over."""
    until, pause = time.monotonic() + VALUES["waitSeconds"], 1
    while True:
        try:
            predictions = ask(images)
        except NotReady as error:
            if time.monotonic() + pause > until:
                raise NotReady(f"gave up after {VALUES['waitSeconds']} s: {error}") from None
            say(f"waiting for the server: {error}")
            time.sleep(pause)
            pause = min(2 * pause, 10)
        else:
            if len(predictions) != len(images):
                raise Refused(f"{len(predictions)} predictions for {len(images)} images")
            return predictions


def rest():
    """Return what asks a server by REST."""
    server = VALUES["server"] if "://" in VALUES["server"] else f"http://{VALUES['server']}"
    model = urllib.parse.quote(VALUES["modelName"], safe="")
    url = f"{server.rstrip('/')}/v1/models/{model}{version()}:predict"
    # A cluster's own names need no proxy.
    inside = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(images):
        instances = [{VALUES["inputName"]: {"b64": base64.b64encode(content).decode()}} for content in images]
        body = json.dumps({"signature_name": VALUES["signatureName"], "instances": instances}).encode()
        request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
        return predictions(posted(inside, request))

    return ask


def version():
    """Return the part of the address that chooses a version."""
    if VALUES["modelVersion"] is not None:
        return f"/versions/{VALUES['modelVersion']}"
    label = VALUES["versionLabel"]
    return f"/labels/{urllib.parse.quote(label, safe='')}" if label else ""


def posted(opener, request):
    """Return the body of the answer; NotReady where asking again may help, else Refused."""
    try:
        with opener.open(request, timeout=VALUES["timeoutSeconds"]) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        with error:
            reason = f"{error.code} {message(error.read(2000))}"
        again = error.code in (408, 425, 429) or error.code >= 500
        raise (NotReady if again else Refused)(f"{request.full_url}: {reason}") from None
    except (OSError, http.client.HTTPException) as error:
        raise NotReady(f"{request.full_url}: {getattr(error, 'reason', None) or error!r}") from None
    except ValueError as error:
        raise Refused(f"{request.full_url}: {error}") from None


def message(body):
    """Return what the server says is wrong."""
    try:
        return str(json.loads(body)["error"])
    except (ValueError, KeyError, TypeError):
        return body[:200].decode(errors="replace")


def predictions(body):
    """Return the predictions of an answer, one for each image."""
    try:
        found = json.loads(body)["predictions"]
    except (ValueError, KeyError, TypeError):
        raise Refused(f"the answer has no predictions: {body[:200].decode(errors='replace')}") from None
    if not isinstance(found, list):
        raise Refused(f"the answer's predictions are no list: {body[:200].decode(errors='replace')}")
    return found


def grpc():
    """Return what asks a server by gRPC; the image must have the package tensorflow-serving-api."""
    try:
        import grpc
        import tensorflow
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
    except ImportError as error:
        raise Refused(f"protocol grpc needs an image with tensorflow-serving-api: {error}") from None

    channel = grpc.insecure_channel(VALUES["server"].rpartition("://")[2].rstrip("/"))
    server = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    passing = ("UNAVAILABLE", "DEADLINE_EXCEEDED", "RESOURCE_EXHAUSTED")

    def ask(images):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = VALUES["modelName"]
        request.model_spec.signature_name = VALUES["signatureName"]
        if VALUES["modelVersion"] is not None:
            request.model_spec.version.value = VALUES["modelVersion"]
        elif VALUES["versionLabel"]:
            request.model_spec.version_label = VALUES["versionLabel"]
        request.inputs[VALUES["inputName"]].CopyFrom(tensorflow.make_tensor_proto(images))
        try:
            answer = server.Predict(request, timeout=VALUES["timeoutSeconds"])
        except grpc.RpcError as error:
            code = error.code().name
            raise (NotReady if code in passing else Refused)(f"{code}: {error.details()}") from None
        outputs = {name: tensorflow.make_ndarray(tensor).tolist() for name, tensor in answer.outputs.items()}
        return [{name: rows[i] for name, rows in outputs.items()} for i in range(len(images))]

    return ask


CLIENTS = {"rest": rest, "grpc": grpc}


def shown(name, prediction):
    """Print what an image shows, and return it."""
    best = sorted(classes(prediction), key=lambda pair: pair[1], reverse=True)[: VALUES["topK"]]
    lines = [f"  {score:.4f}  {label}" for label, score in best]
    print("\n".join([name, *lines]), flush=True)  # noqa: T201
    return {"image": name, "classes": [{"class": label, "score": score} for label, score in best]}


def classes(prediction):
    """Return classes and their scores in what the model answered for one image."""
    labels, scores = None, prediction
    if isinstance(prediction, dict):
        labels = prediction.get(VALUES["classesOutput"])
        scores = prediction.get(VALUES["scoresOutput"], next(iter(prediction.values()), None))
    if not isinstance(scores, list) or not all(type(score) in (int, float) for score in scores):
        raise Refused(f"no classes with scores, but {json.dumps(prediction, default=repr)[:200]}")
    if not isinstance(labels, list) or len(labels) != len(scores):
        labels = range(len(scores))
    return [(word(label), score) for label, score in zip(labels, scores)]  # noqa: B905


def word(label):
    """Return a class as text: bytes come in base64, and numbers may have names."""
    if isinstance(label, dict) and isinstance(label.get("b64"), str):
        label = base64.b64decode(label["b64"])
    if isinstance(label, bytes):
        return label.decode(errors="replace")
    known = isinstance(label, int) and 0 <= label < len(VALUES["classNames"])
    return VALUES["classNames"][label] if known else str(label)


def save(found):
    """Write the results as one JSON object a line: all of them or, on an error, none."""
    if VALUES["outputPath"] is None:
        return
    index = os.environ.get("JOB_COMPLETION_INDEX")
    path = OUTPUT / VALUES["outputPath"].lstrip("/")
    if index is not None and VALUES["completions"] > 1:
        path = path.with_name(f"{path.stem}-{index}{path.suffix}")
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.new")
    new.write_text("".join(json.dumps(result) + "\n" for result in found), encoding="utf-8")
    new.replace(path)
    say(f"written to {path}")


def say(what):
    """Tell whoever reads the log, in one stream with the results: a pod's log mixes two in no sure order."""
    print(what, flush=True)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
