"""All that the files of a project may refer to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from turnspec.dsl.agent import AgentScript, IntentSpec
from turnspec.dsl.base import Model
from turnspec.dsl.files import Files
from turnspec.dsl.flow import Use
from turnspec.dsl.fragments import Fragment
from turnspec.dsl.names import Names
from turnspec.dsl.project import Project, TargetSpec
from turnspec.dsl.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Known:
    """All that the files of a project may refer to."""

    project: Project
    files: Files
    intents: Mapping[str, IntentSpec] = field(default_factory=dict)
    agents: Mapping[str, AgentScript] = field(default_factory=dict)
    fragments: Mapping[str, Fragment] = field(default_factory=dict)
    broken: frozenset[str] = frozenset()
    """Files that could not be understood: what they would have declared is not missed."""

    def is_broken(self, source: Model, written: str) -> bool:
        """Whether the file that a document names is one of these, or not there at all."""
        label = self.files.label(source.file(written))
        return label in self.broken or not source.file(written).is_file()

    @property
    def project_is_broken(self) -> bool:
        """Whether targets, variables and names of the environment may be declared after all."""
        return "turnspec.yaml" in self.broken

    @property
    def intents_are_broken(self) -> bool:
        """Whether more intents may be declared after all."""
        return self.project_is_broken or any(
            self.is_broken(self.project, each) for each in self.project.intents
        )

    def target(self, scenario: Scenario) -> TargetSpec | None:
        """The target a scenario calls; None where its name is unknown."""
        target = scenario.target
        return self.project.targets.get(target) if isinstance(target, str) else target

    def script(self, target: TargetSpec | None) -> AgentScript | None:
        """The script behind a target: of the local agent, or of the simulated model at its back."""
        if target is None or (written := target.agent or target.backend) is None:
            return None
        return self.agents.get(self.files.label(target.file(written)))

    def fragment(self, use: Use) -> Fragment | None:
        """The turns that are used in some place; None where the file is none of ours."""
        return self.fragments.get(self.files.label(use.file(use.use)))

    @property
    def names(self) -> Names:
        """What templates may use everywhere."""
        outside = (*self.project.environment, *self.project.secrets)
        return Names(
            frozenset(self.project.variables),
            frozenset(f"env.{name}" for name in outside),
            complete=not self.project_is_broken,
        )
