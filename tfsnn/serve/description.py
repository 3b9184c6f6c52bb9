"""Status and metadata of models, as the JSON that TF Serving makes of its protos.

In this JSON, 64-bit numbers are text, and fields without a value are written out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfsnn.serve.servable import Servable
from tfsnn.serve.version import Version


def status(versions: Sequence[Servable]) -> dict[str, Any]:
    """Return a ``GetModelStatusResponse``: the state of each version."""
    return {
        "model_version_status": [
            {
                "version": str(version.number),
                "state": version.state.value,
                "status": {
                    "error_code": version.error_code,
                    "error_message": version.error_message,
                },
            }
            for version in versions
        ]
    }


def metadata(model: str, version: Version) -> dict[str, Any]:
    """Return a ``GetModelMetadataResponse``: the signatures of a version."""
    signatures = {
        name: {
            "inputs": _tensor_infos(definition.inputs),
            "outputs": _tensor_infos(definition.outputs),
            "method_name": definition.method_name,
            "defaults": {},
        }
        for name, definition in version.definitions.items()
    }
    return {
        "model_spec": {
            "name": model,
            "signature_name": "",
            "version": str(version.number),
        },
        "metadata": {"signature_def": {"signature_def": signatures}},
    }


def _tensor_infos(infos: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _tensor_info(info) for name, info in infos.items()}


def _enum_name(message: Any, field: str) -> str:
    """Return the name of an enum field's value, as the proto's text form has it."""
    names = message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number
    return names[getattr(message, field)].name


def _tensor_info(info: Any) -> dict[str, Any]:
    shape = info.tensor_shape
    return {
        "dtype": _enum_name(info, "dtype"),
        "tensor_shape": {
            "dim": [{"size": str(d.size), "name": d.name} for d in shape.dim],
            "unknown_rank": shape.unknown_rank,
        },
        "name": info.name,
    }
