"""Private interfaces of other packages: one list, each touched, none used elsewhere."""

from __future__ import annotations

from importlib.metadata import version

import pytest
import tensorflow as tf
from package_imports import imported, modules

from tfsnn.private_apis import ATTRIBUTES, INTERFACES

PRIVATE = (
    "keras.src",
    "tensorflow.python",
    "tensorflow.core",
    "tensorflow.compiler",
    "jaxlib",
)
# The runner of StableHLO programs, which must not import tfsnn, names its own.
ALLOWED = {"tfsnn_stablehlo.program": ("jaxlib",)}


@pytest.mark.parametrize("module", modules())
def test_no_other_module_imports_a_private_module(module):
    private = {
        name
        for name in imported(module)
        for prefix in PRIVATE
        if f"{name}.".startswith(f"{prefix}.") and prefix not in ALLOWED.get(module, ())
    }
    assert not private, f"{module} imports {private}: list it in tfsnn.private_apis"


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda each: each.name)
def test_this_version_has_the_interface(interface):
    assert interface.get() is interface.find() is not None
    assert callable(interface.get())


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda each: each.name)
def test_the_declared_range_was_tried(interface):
    """The oldest version that pyproject.toml allows, and one not older than this."""
    package = interface.module.partition(".")[0]
    oldest = {"keras": "3.6", "tensorflow": "2.18"}[package]
    assert interface.tried[0].startswith(oldest)
    newest = [int(n) for n in interface.tried[-1].split(".")[:2]]
    assert newest >= [int(n) for n in version(package).split(".")[:2]], (
        f"{package} {version(package)} works: name it in tfsnn.private_apis"
    )


def test_attributes_are_there():
    named = {name for name, _, _ in ATTRIBUTES}
    assert named == {"experimental_get_compiler_ir", "extended"}
    double = tf.function(lambda x: 2 * x, jit_compile=True)
    get = double.experimental_get_compiler_ir(tf.TensorSpec((2,), tf.float32))
    text = get(stage="stablehlo", platform_name="CPU")
    assert "stablehlo" in text and "tensor<2xf32>" in text
    assert len(tf.distribute.OneDeviceStrategy("CPU:0").extended.worker_devices) == 1


def test_a_missing_interface_is_named():
    from tfsnn.private_apis import PrivateInterface

    gone = PrivateInterface("keras.src.nowhere", "Nothing", "a test", ("3.6.0",))
    assert gone.find() is None
    with pytest.raises(ImportError, match=r"keras.src.nowhere.Nothing.*keras 3\.6\.0"):
        gone.get()
