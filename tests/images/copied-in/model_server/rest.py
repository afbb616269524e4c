"""ModelServer's REST API."""

import json
import re
import threading
from contextlib import nullcontext
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format

from model_server import examples, metrics, rpc, tensors
from model_server.faults import Fault, invalid
from model_server.program import DEFAULT_SIGNATURE

MODEL = r"/v1/models/(?P<name>[^/:]+)(/versions/(?P<number>\d+)|/labels/(?P<label>[^/:]+))?"


def status(models, asked, body):
    """GET: the states of a model's versions."""
    return json_format.MessageToDict(
        rpc.status(models, asked["name"], number(asked)),
        preserving_proto_field_name=True,
        always_print_fields_with_no_presence=True,
    )


def metadata(models, asked, body):
    """GET …/metadata: the signatures of a version."""
    found = rpc.metadata(models, asked["name"], number(asked), asked["label"] or "")
    return json_format.MessageToDict(found, preserving_proto_field_name=True)


def predict(models, asked, body):
    """POST …:predict: what a signature computes of tensors."""
    question = parsed(body)
    version = addressed(models, asked)
    name = question.get("signature_name") or DEFAULT_SIGNATURE
    given, by_rows = tensors.inputs(question, version.program.signature(name))
    return tensors.answer(version.program.run(name, given), by_rows)


def of_examples(models, asked, body):
    """POST …:classify, …:regress: what a signature computes of examples."""
    question = parsed(body)
    given = examples.asked(question)
    version, name = addressed(models, asked), question.get("signature_name")
    compute = {"classify": examples.classified, "regress": examples.regressed}[asked["method"]]
    return examples.as_json(compute(version, name, given, models.methods_checked))


def addressed(models, asked):
    """The version that the path is about."""
    return models.version(asked["name"], number(asked), asked["label"] or "")


def number(asked):
    """The version that the path names, if it does."""
    return int(asked["number"]) if asked["number"] else None


def parsed(body):
    """The object that the body of a request is."""
    try:
        question = json.loads(body)
    except ValueError as error:
        raise invalid(f"JSON Parse error: {error}") from None
    if not isinstance(question, dict):
        raise tensors.wrong(question, "Is not object")
    name = question.get("signature_name", "")
    if not isinstance(name, str):
        raise tensors.wrong(question, "not formatted correctly. 'signature_name' key must be a string value.")
    return question


ROUTES = (
    ("GET", MODEL, status),
    ("GET", f"{MODEL}/metadata", metadata),
    ("POST", f"{MODEL}:(?P<method>predict)", predict),
    ("POST", f"{MODEL}:(?P<method>classify|regress)", of_examples),
)


def counted(asked):
    """Count a request that computes something."""
    method = asked.groupdict().get("method")
    return metrics.counted(asked["name"], method, "REST") if method else nullcontext()


def respond(models, method, path, body):
    """Status and JSON of the answer to a request."""
    try:
        for verb, pattern, handle in ROUTES:
            asked = re.fullmatch(pattern, path)
            if asked and verb == method:
                with counted(asked):
                    return HTTPStatus.OK, handle(models, asked, body)
        raise invalid(f"Malformed request: {method} {path}")
    except Fault as fault:
        return fault.status, {"error": str(fault)}


def start(models, port, metrics_path):
    """Serve on a port, in threads of its own; numbers for Prometheus are at `metrics_path`, if anywhere."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if metrics_path and self.path == metrics_path:
                self.send(HTTPStatus.OK, "text/plain", metrics.text())
            else:
                self.answer(b"")

        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        def answer(self, body):
            code, found = respond(models, self.command, self.path, body)
            self.send(code, "application/json", json.dumps(found, indent=4))

        def send(self, code, kind, text):
            content = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *args): ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    threading.Thread(target=Server(("", port), Handler).serve_forever, daemon=True).start()
