"""The software bill of materials of a release: CycloneDX 1.6, checked against its schema."""

from collections.abc import Iterable
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.factory.license import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL

from engines.artifacts.dependencies import Dependency
from engines.core.errors import InvalidInput

LICENCES = LicenseFactory()


def bill(
    name: str, version: str, model_sha256: str, needed: Iterable[Dependency], at: datetime
) -> bytes:
    """The bill as JSON: the model with its checksum, and every distribution with its licence.

    The same arguments give the same bytes. Raises InvalidInput when it breaks the schema.
    """
    model = Component(
        name=name,
        version=version,
        type=ComponentType.MACHINE_LEARNING_MODEL,
        bom_ref=f"{name}@{version}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=model_sha256)],
    )
    bom = Bom(serial_number=uuid5(NAMESPACE_URL, f"{name}/{version}/{model_sha256}"))
    bom.metadata.component, bom.metadata.timestamp = model, at
    parts = [_component(one) for one in needed]
    for part in parts:
        bom.components.add(part)
    bom.register_dependency(model, parts)
    text = JsonV1Dot6(bom).output_as_string(indent=1)
    check(text)
    return text.encode()


def check(text: str) -> None:
    """Hold the bill against the schema of CycloneDX. Raises InvalidInput."""
    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    if fault is not None:
        raise InvalidInput(
            f"The bill of materials breaks its schema: {str(fault.data)[:200]}.",
            hint="Tell the platform team which library is new.",
        )


def _component(one: Dependency) -> Component:
    licences = [LICENCES.make_from_string(one.licence)] if one.is_known else []
    return Component(
        name=one.name,
        version=one.version,
        type=ComponentType.LIBRARY,
        bom_ref=f"{one.name}@{one.version}",
        purl=PackageURL("pypi", name=one.name, version=one.version),
        licenses=licences,
    )
