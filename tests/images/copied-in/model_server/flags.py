"""The flags of TensorFlow ModelServer 2.20, read as it reads them."""

import sys

TRUE, FALSE = ("true", "1", "t", "y", "yes"), ("false", "0", "f", "n", "no")
# What the stand-in heeds. A flag's type is that of its default.
HEEDED = {
    "port": 8500,
    "rest_api_port": 0,
    "model_name": "default",
    "model_base_path": "",
    "model_config_file": "",
    "model_config_file_poll_wait_seconds": 0,
    "file_system_poll_wait_seconds": 1,
    "max_num_load_retries": 5,
    "load_retry_interval_micros": 60_000_000,
    "grpc_max_threads": 8,
    "enable_batching": False,
    "batching_parameters_file": "",
    "monitoring_config_file": "",
    "saved_model_tags": "serve",
    "allow_version_labels_for_unavailable_models": False,
    "enable_grpc_healthcheck_service": False,
    "enable_signature_method_name_check": False,
    "tensorflow_intra_op_parallelism": 0,
    "tensorflow_inter_op_parallelism": 0,
}
# What changes how fast or how large the real one is, not what it answers.
TAKEN = {
    "enable_model_warmup": True,
    "enable_per_model_batching_parameters": False,
    "enable_profiler": True,
    "enable_serialization_as_tensor_content": False,
    "flush_filesystem_caches": True,
    "grpc_channel_arguments": "",
    "grpc_socket_path": "",
    "mixed_precision": "",
    "num_load_threads": 0,
    "num_request_iterations_for_warmup": 0,
    "num_tflite_interpreters_per_pool": 0,
    "num_tflite_pools": 0,
    "num_unload_threads": 0,
    "per_process_gpu_memory_fraction": 0.0,
    "platform_config_file": "",
    "prefer_tflite_model": False,
    "remove_unused_fields_from_bundle_metagraph": True,
    "rest_api_enable_cors_support": False,
    "rest_api_num_threads": 8,
    "rest_api_timeout_in_ms": 30_000,
    "skip_initialize_tpu": False,
    "ssl_config_file": "",
    "tensorflow_session_config_file": "",
    "tensorflow_session_parallelism": 0,
    "thread_pool_factory_config_file": "",
    "use_alts_credentials": False,
    "xla_cpu_compilation_enabled": False,
    "xla_gpu_compilation_enabled": False,
}
FLAGS = {**HEEDED, **TAKEN}


def parsed(arguments):
    """The value of each flag; ends the program at an argument that is none."""
    found = dict(FLAGS)
    for argument in arguments:
        name, given, text = argument.removeprefix("--").partition("=")
        if not argument.startswith("--") or name not in FLAGS:
            # The real one says the same and goes on; here a mistake of a prototype must not pass.
            fail(f"unknown argument: {argument}")
        try:
            found[name] = value(FLAGS[name], text, bool(given))
        except ValueError:
            fail(f"Couldn't interpret value {text} for flag {name}.")
    if not found["model_base_path"] and not found["model_config_file"]:
        fail("Both server_options.model_base_path and server_options.model_config_file are empty!")
    if found["batching_parameters_file"] and not found["enable_batching"]:
        fail("server_options.batching_parameters_file supplied without server_options.enable_batching")
    return found


def value(default, text, given):
    """A flag's value of the type of its default."""
    if not isinstance(default, bool):
        return type(default)(text)
    if not given or text.lower() in TRUE:
        return True
    if text.lower() in FALSE:
        return False
    raise ValueError(text)


def fail(reason):
    """End with the reason and the usage."""
    usage = "".join(f"\t--{name}={default}\n" for name, default in FLAGS.items())
    sys.exit(f"{reason}\nusage: tensorflow_model_server\nFlags:\n{usage}")
