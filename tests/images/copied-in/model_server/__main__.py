"""Starts the server: loads the models, then opens the ports, then looks for new versions for ever."""

import sys
import time
from pathlib import Path

import tensorflow as tf
from google.protobuf import text_format
from modelconfig import parsed as parsed_text
from tensorflow_serving.config.model_server_config_pb2 import ModelConfig, ModelServerConfig

from model_server import flags, rest, rpc
from model_server.faults import Fault
from model_server.models import Models, say


def main():
    """Serve until the process is ended."""
    told = flags.parsed(sys.argv[1:])
    say("tensorflow_model_server: a stand-in over TensorFlow " + tf.__version__)
    tf.config.threading.set_intra_op_parallelism_threads(told["tensorflow_intra_op_parallelism"])
    tf.config.threading.set_inter_op_parallelism_threads(told["tensorflow_inter_op_parallelism"])
    if told["batching_parameters_file"]:
        told_by("BatchingParameters", told["batching_parameters_file"])
    tags = told["saved_model_tags"].split(",")
    retry_seconds = told["load_retry_interval_micros"] / 1e6
    ahead = told["allow_version_labels_for_unavailable_models"]
    checked = told["enable_signature_method_name_check"]
    models = Models(tags, told["max_num_load_retries"], retry_seconds, ahead, checked)
    models.configure(configured(told))
    first_models(models, told["file_system_poll_wait_seconds"])
    server = rpc.start(
        models, told["port"], told["grpc_max_threads"], told["enable_grpc_healthcheck_service"]
    )
    if told["rest_api_port"]:
        rest.start(models, told["rest_api_port"], metrics_path(told["monitoring_config_file"]))
        say(f"Exporting HTTP/REST API at:localhost:{told['rest_api_port']} ...")
    watch(models, told)
    server.wait_for_termination()


def configured(told):
    """The models that the command line or its file asks for."""
    if not told["model_config_file"]:
        return [ModelConfig(name=told["model_name"], base_path=told["model_base_path"])]
    text = Path(told["model_config_file"]).read_text()
    return text_format.Parse(text, ModelServerConfig()).model_config_list.config


def told_by(message, path):
    """A configuration file that the published packages have no class for."""
    return parsed_text(message, Path(path).read_text())


def metrics_path(file):
    """Where Prometheus finds the numbers; empty when it is not asked for."""
    asked = told_by("MonitoringConfig", file).prometheus_config if file else None
    return (asked.path or "/monitoring/prometheus/metrics") if asked and asked.enable else ""


def first_models(models, seconds):
    """Wait until every model answers; for a model that is not there for ever, as the real one does."""
    while True:
        models.look()
        failures = models.failures()
        if failures:
            count = f"{len(failures)} servable(s) did not become available"
            sys.exit(f"Failed to start server. Error: UNKNOWN: {count}: {{{', '.join(failures)}}}")
        if models.all_answer():
            return
        time.sleep(max(seconds, 1))


def watch(models, told):
    """Look for new versions and, when asked to, for a new configuration."""
    read, every = time.monotonic(), told["model_config_file_poll_wait_seconds"]
    while told["file_system_poll_wait_seconds"] > 0:
        time.sleep(told["file_system_poll_wait_seconds"])
        if every and time.monotonic() - read >= every:
            read = time.monotonic()
            try:
                models.configure(configured(told))
            except (Fault, text_format.ParseError, OSError) as error:
                say(f"Failed to reload the configuration: {error}")
        models.look()


if __name__ == "__main__":
    try:
        main()
    except Fault as fault:
        sys.exit(f"Failed to start server. Error: {fault.code.name}: {fault}")
    except (text_format.ParseError, OSError) as error:
        sys.exit(f"Failed to start server. Error: {error}")
