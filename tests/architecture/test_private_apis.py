"""Private interfaces of other packages: one list, each touched, none used elsewhere."""

from __future__ import annotations

import tomllib

import keras
import pytest
import tensorflow as tf
from package_imports import imported, modules
from packaging.requirements import Requirement
from repository import ROOT

from tfsnn_numpy.private_apis import ATTRIBUTES, INTERFACES, OF_JAX

PRIVATE = (
    "keras.src",
    "tensorflow.python",
    "tensorflow.lite",
    "tensorflow.core",
    "tensorflow.compiler",
    "jaxlib",
)


@pytest.mark.parametrize("module", modules())
def test_no_other_module_imports_a_private_module(module):
    private = {
        name
        for name in imported(module)
        for prefix in PRIVATE
        if f"{name}.".startswith(f"{prefix}.")
    }
    assert not private, f"{module} imports {private}: list it in private_apis"


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda each: each.name)
def test_this_version_has_the_interface(interface):
    assert interface.get() is interface.find() is not None
    assert callable(interface.get())


@pytest.mark.parametrize("interface", INTERFACES, ids=lambda each: each.name)
def test_the_oldest_declared_version_was_tried(interface):
    package = interface.module.partition(".")[0]
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (needed,) = (
        Requirement(each)
        for each in settings["project"]["dependencies"]
        if Requirement(each).name == package
    )
    oldest = min(each.version for each in needed.specifier if each.operator == ">=")
    assert interface.tried[0].startswith(oldest)


@pytest.mark.parametrize("interface", OF_JAX, ids=lambda each: each.name)
def test_jax_has_the_interface(interface):
    jax = pytest.importorskip("jax")
    assert callable(interface.get())
    assert hasattr(jax.devices("cpu")[0].client, "compile_and_load")


def test_attributes_are_there():
    named = {name for name, _, _ in ATTRIBUTES}
    assert named == {
        *("experimental_get_compiler_ir", "extended", "compile_and_load"),
        "_open_name_scope",
    }
    assert callable(keras.Layer._open_name_scope)
    double = tf.function(lambda x: 2 * x, jit_compile=True)
    get = double.experimental_get_compiler_ir(tf.TensorSpec((2,), tf.float32))
    text = get(stage="stablehlo", platform_name="CPU")
    assert "stablehlo" in text and "tensor<2xf32>" in text
    assert len(tf.distribute.OneDeviceStrategy("CPU:0").extended.worker_devices) == 1


def test_a_missing_interface_is_named():
    from tfsnn_numpy.private_apis import PrivateInterface

    gone = PrivateInterface("keras.src.nowhere", "Nothing", "a test", ("3.6.0",))
    assert gone.find() is None
    with pytest.raises(ImportError, match=r"keras.src.nowhere.Nothing.*keras 3\.6\.0"):
        gone.get()
