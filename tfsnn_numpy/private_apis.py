"""The private interfaces of TensorFlow, Keras and JAX that are used: all of them.

None of them is promised to stay. Each is reached through one name of this module, says
what it is for and which versions it was tried with; a test touches each of them and
refuses any other import of a private module anywhere in the packages.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class PrivateInterface:
    """A private interface of another package.

    Attributes:
        module: where it is, as in an import statement.
        name: of the class or function in it.
        purpose: what tfsnn needs it for, and why nothing public serves.
        tried: versions of the package with which it is known to work.
    """

    module: str
    name: str
    purpose: str
    tried: tuple[str, ...]

    def find(self) -> Any:
        """Return the object, or None where this version of the package has none."""
        try:
            return getattr(importlib.import_module(self.module), self.name, None)
        except ImportError:
            return None

    def get(self) -> Any:
        """Return the object.

        Raises:
            ImportError: naming the versions that have it.
        """
        found = self.find()
        if found is None:
            package = self.module.partition(".")[0]
            raise ImportError(
                f"this version of {package} has no {self.module}.{self.name}, which is "
                f"a private interface: tfsnn was tried with {package} "
                f"{', '.join(self.tried)}; install one of these",
                name=self.module,
            )
        return found


LAYER_SCALE = PrivateInterface(
    "keras.src.applications.convnext",
    "LayerScale",
    "the class of layers in the public ConvNeXt networks: their handler is keyed on it",
    ("3.15.0", "3.15.1"),
)
STOCHASTIC_DEPTH = PrivateInterface(
    "keras.src.applications.convnext",
    "StochasticDepth",
    "the class of layers in the public ConvNeXt networks: their handler is keyed on it",
    ("3.15.0", "3.15.1"),
)
STABLEHLO = PrivateInterface(
    "tensorflow.compiler.mlir.stablehlo.stablehlo",
    "serialize_portable_artifact_str",
    "text of StableHLO as a portable artifact of a stated version",
    ("2.20.0", "2.21.0"),
)

CONVERTER_ERROR = PrivateInterface(
    "tensorflow.lite.python.convert_phase",
    "ConverterError",
    "the error of a network with operations that LiteRT lacks, whose text names them",
    ("2.20.0", "2.21.0"),
)

COMPILE_OPTIONS, DEVICE_ASSIGNMENT, DEVICE_LIST = (
    PrivateInterface(
        "jaxlib.xla_client",
        name,
        "compiling an exported program for a device: JAX itself takes functions only",
        ("0.10.2", "0.11.2"),
    )
    for name in ("CompileOptions", "DeviceAssignment", "DeviceList")
)

# Attributes of public objects, tried with the same versions: name, object, purpose.
ATTRIBUTES = (
    (
        "experimental_get_compiler_ir",
        "tf.function",
        "the StableHLO of a function",
    ),
    (
        "extended",
        "tf.distribute.Strategy",
        "worker_devices, the devices of this process",
    ),
    (
        "_open_name_scope",
        "keras.Layer",
        "calling a model in a graph whose name TensorFlow takes for no scope",
    ),
    (
        "compile_and_load",
        "jax.Device.client",
        "compiling an exported program; execute_sharded of the result runs it",
    ),
)

INTERFACES = (LAYER_SCALE, STOCHASTIC_DEPTH, STABLEHLO, CONVERTER_ERROR)
OF_JAX = (COMPILE_OPTIONS, DEVICE_ASSIGNMENT, DEVICE_LIST)  # which need not be there
