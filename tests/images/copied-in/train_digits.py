"""Trains a classifier of handwritten digits on every worker of a TFJob, and saves it for TensorFlow Serving.

The workers are those that TF_CONFIG names; each computes on its part of every batch. The first one saves the
model as a new version below --model, with the signature that classifiers of images have: encoded images in,
classes and scores out. With --images it also writes a few images that were not trained on, as PNG files.
"""

import argparse
import gzip
import json
import os
import signal
import threading
from pathlib import Path

import numpy
import tensorflow as tf

DIGITS = Path("/opt/digits/digits.csv.gz")  # 1,797 images of 8 × 8 points in 17 shades, with what they show
SIDE, SHADES, CLASSES, HIDDEN = 8, 16, 10, 64
KEPT = 297  # images for the test


class Classifier(tf.Module):
    """Two layers of neurons."""

    def __init__(self):
        super().__init__()
        random = tf.random.Generator.from_seed(1)
        self.first = tf.Variable(random.normal([SIDE * SIDE, HIDDEN], stddev=0.15))
        self.first_bias = tf.Variable(tf.zeros([HIDDEN]))
        self.second = tf.Variable(random.normal([HIDDEN, CLASSES], stddev=0.15))
        self.second_bias = tf.Variable(tf.zeros([CLASSES]))

    @property
    def weights(self):
        return [self.first, self.first_bias, self.second, self.second_bias]

    def scores(self, points):
        hidden = tf.nn.relu(points @ self.first + self.first_bias)
        return hidden @ self.second + self.second_bias

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="images")])
    def predict_images(self, images):
        """Classes and scores of encoded images, the best first."""
        points = tf.map_fn(points_of, images, fn_output_signature=tf.TensorSpec([SIDE * SIDE], tf.float32))
        scores, classes = tf.math.top_k(tf.nn.softmax(self.scores(points)), k=5)
        return {"classes": tf.strings.as_string(classes), "scores": scores}


def points_of(image):
    """An encoded image of any size as the points that the classifier knows, from 0 to 1."""
    decoded = tf.io.decode_image(image, channels=1, expand_animations=False)
    return tf.reshape(tf.image.resize(decoded, [SIDE, SIDE], method="area"), [-1]) / 255


def main():
    """Train, test, save."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", required=True, help="folder that takes the model's versions")
    parser.add_argument("--images", help="folder that takes some images to classify")
    parser.add_argument("--steps", type=int, default=400)
    told = parser.parse_args()
    task = json.loads(os.environ.get("TF_CONFIG") or "{}").get("task", {"type": "worker", "index": 0})
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    say(f"{task['type']} {task['index']} of {strategy.num_replicas_in_sync}, TensorFlow {tf.__version__}")
    with gzip.open(DIGITS, "rt") as file:
        digits = numpy.loadtxt(file, delimiter=",", dtype="float32")
    points, labels = digits[:, :-1] / SHADES, digits[:, -1].astype("int32")
    with strategy.scope():
        classifier = Classifier()
    train(strategy, classifier, (points[:-KEPT], labels[:-KEPT]), told.steps)
    right = numpy.mean(classifier.scores(points[-KEPT:]).numpy().argmax(1) == labels[-KEPT:])
    say(f"{right:.1%} of {KEPT} images that were not trained on are right")
    if task["index"] == 0:
        say(f"saved {save(classifier, Path(told.model))}")
        if told.images:
            write_images(Path(told.images), points[-KEPT:], labels[-KEPT:])
            say(f"images to try are in {told.images}")
    leave_together(strategy)


def train(strategy, classifier, data, steps):
    """Follow the gradient; the workers add up what they compute."""
    batches = tf.data.Dataset.from_tensor_slices(data).shuffle(2000, seed=1).repeat().batch(200)
    options = tf.data.Options()
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.DATA
    batches = iter(strategy.experimental_distribute_dataset(batches.with_options(options)))

    def on_worker(points, labels, rate):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(labels, classifier.scores(points))
            loss = tf.reduce_mean(losses)
        gradients = tape.gradient(loss, classifier.weights)
        context = tf.distribute.get_replica_context()
        for weight, gradient in zip(classifier.weights, context.all_reduce("mean", gradients), strict=True):
            weight.assign_sub(rate * gradient)
        return loss

    @tf.function
    def step(points, labels):
        losses = strategy.run(on_worker, args=(points, labels, 0.5))
        return strategy.reduce("mean", losses, axis=None)

    for number in range(1, steps + 1):
        loss = step(*next(batches))
        if number % 100 == 0:
            say(f"step {number}: loss {loss:.3f}")


def leave_together(strategy):
    """Wait until all workers are done: of one that goes early the others say that it is missing."""

    def one():
        return tf.constant(1)

    @tf.function
    def all_of_them():
        return strategy.reduce("sum", strategy.run(one), axis=None)

    all_of_them()


def save(classifier, folder):
    """Save the model as the next version; whoever watches the folder sees it whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    version = 1 + max((int(path.name) for path in folder.iterdir() if path.name.isdecimal()), default=0)
    plain = Classifier()  # not spread over workers
    for weight, trained in zip(plain.weights, classifier.weights, strict=True):
        weight.assign(trained.numpy())
    unfinished = folder / f".{version}"
    tf.saved_model.save(plain, str(unfinished), signatures={"predict_images": plain.predict_images})
    unfinished.rename(folder / str(version))
    return folder / str(version)


def write_images(folder, points, labels):
    """Write the first image of each digit, enlarged, under the digit's name."""
    folder.mkdir(parents=True, exist_ok=True)
    for digit in range(CLASSES):
        image = points[list(labels).index(digit)].reshape(SIDE, SIDE, 1)
        enlarged = numpy.kron(image, numpy.ones((8, 8, 1))) * 255
        png = tf.io.encode_png(enlarged.astype("uint8")).numpy()
        (folder / f"{digit}.png").write_bytes(png)


def say(text):
    """Print at once, as logs are read while the job runs."""
    print(text, flush=True)


if __name__ == "__main__":
    # The first process of a container ends at a signal only if it says so, and only while it is in Python.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    failures = []
    threading.excepthook = lambda failure: failures.append(failure.exc_value)
    work = threading.Thread(target=main, daemon=True)
    work.start()
    while work.is_alive():
        work.join(0.2)
    if failures:
        raise failures[0]
