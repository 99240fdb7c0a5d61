"""Packages whose folders are not called as they are."""

from memory_project import MemoryProject
from seekline.fim.resolve import jvm


def test_a_type_in_a_folder_that_is_not_called_as_its_package() -> None:
    project = MemoryProject(
        {
            "src/org/acme/net/expressions/Main.kt": "package org.acme.net\n",
            "src/org/acme/net/kinds/RequestKinds.kt": "package org.acme.net\n\nclass RequestKinds\n",
            "src/org/acme/kinds/RequestKinds.kt": "package org.acme.kinds\n\nclass RequestKinds\n",
        }
    )
    found = jvm.package("RequestKinds", "src/org/acme/net/expressions/Main.kt", project)
    assert list(found)[:1] == ["src/org/acme/net/kinds/RequestKinds.kt"]
    assert "src/org/acme/kinds/RequestKinds.kt" not in found


def test_packages_around_below_a_folder_that_is_called_as_a_source_root() -> None:
    project = MemoryProject(
        {
            "src/actors/scala/actors/remote/Proxy.scala": "package scala.actors\npackage remote\n",
            "src/actors/scala/actors/Actor.scala": "package scala.actors\n",
            "src/library/scala/PartialFunction.scala": "package scala\n",
            "src/main/scala/Tool.scala": "object Tool\n",
        }
    )
    found = jvm.package(None, "src/actors/scala/actors/remote/Proxy.scala", project)
    assert list(found) == ["src/actors/scala/actors/Actor.scala", "src/library/scala/PartialFunction.scala"]
