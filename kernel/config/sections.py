"""The settings as frozen pydantic models: every key, its default, its bounds, its meaning.

Covers: shape and validation of one complete configuration; docs/configuration.md is checked
against it. Does not cover: where values come from (`kernel.config.settings`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

GIB = 1 << 30
MIB = 1 << 20

HOSTS_MAX = 16
"""No profile and no flag may ask for more hosts than this."""

Share = Annotated[float, Field(gt=0.0, le=1.0)]
Seconds = Annotated[float, Field(ge=0.0, le=31 * 86_400.0)]
PositiveSeconds = Annotated[float, Field(gt=0.0, le=31 * 86_400.0)]
PluginName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,62}$")]


def _path_of(value: object) -> object:
    """TOML has no path type, and strict validation takes no text for one: files give a string."""
    return Path(value) if isinstance(value, str) else value


OptionalPath = Annotated[Path | None, BeforeValidator(_path_of)]


class Section(BaseModel):
    """Base of all sections: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class HostSettings(Section):
    """`[hosts]`: how many plugin hosts there are, where they run, when they are late."""

    max_hosts: int = Field(
        default=2, ge=1, le=HOSTS_MAX, description="Hard cap on hosts, starting ones included."
    )
    hosting: Literal["auto", "subprocess", "in_process"] = Field(
        default="auto",
        description="auto: in-process under WSL for plugins without network, else subprocess; "
        "subprocess also as root or with a level required.",
    )
    sandbox_level_required: Literal["auto", "A", "B", "C", "D", "E", "none"] = Field(
        default="auto",
        description="A host that finds itself weaker is not used; no threads. auto: D, or threads.",
    )
    beat_interval_ms: int = Field(
        default=500, ge=10, le=60_000, description="How often a host's main loop says it lives."
    )
    beats_missed_max: int = Field(
        default=10,
        ge=2,
        le=1_000,
        description="Missed beats until a host counts as hung; waiting for a processor is not "
        "counted.",
    )
    start_deadline_s: PositiveSeconds = Field(
        default=120.0, description="From spawn to ready, model load included."
    )
    task_deadline_s: PositiveSeconds = Field(
        default=120.0, description="Longest time without progress on one task."
    )
    stop_grace_s: Seconds = Field(
        default=2.0, description="From asking a host to leave (then TERM) until KILL."
    )
    memory_bytes_max: int = Field(
        default=4 * GIB, ge=64 * MIB, description="Cap of one host unless its manifest is lower."
    )
    task_deaths_max: int = Field(
        default=2, ge=1, le=10, description="Hosts a task may kill before it is quarantined."
    )


class RestartSettings(Section):
    """`[restart]`: restart intensity per plugin and the backoff between starts."""

    restarts_max: int = Field(
        default=3, ge=1, le=100, description="Crashes within the window until quarantine."
    )
    window_s: PositiveSeconds = Field(default=300.0, description="Width of the window.")
    backoff_base_s: PositiveSeconds = Field(default=0.1, description="First delay; doubles.")
    backoff_max_s: PositiveSeconds = Field(default=60.0, description="Longest delay.")
    stable_after_s: PositiveSeconds = Field(
        default=10.0, description="A host that ran this long starts again from the base delay."
    )

    @model_validator(mode="after")
    def _check_backoff(self) -> Self:
        if self.backoff_max_s < self.backoff_base_s:
            raise ValueError("backoff_max_s must not be below backoff_base_s")
        # Delays that fill the window by themselves would never let the intensity be reached.
        delays_s = sum(
            min(self.backoff_base_s * 2**crash, self.backoff_max_s)
            for crash in range(self.restarts_max)
        )
        if delays_s > self.window_s:
            raise ValueError("restarts_max crashes with these delays cannot happen within window_s")
        return self


class ActivitySettings(Section):
    """`[activity]`: when the person counts as away."""

    idle_after_s: Seconds = Field(
        default=300.0, description="Seconds without input until heavy work may begin."
    )
    assume_idle: bool = Field(
        default=False, description="Count as idle whatever the person does (demo, soak)."
    )
    stale_after_s: PositiveSeconds = Field(
        default=10.0, le=60.0, description="An older observation counts as unknown, so active."
    )
    poll_interval_s: PositiveSeconds = Field(
        default=1.0, le=5.0, description="How often the providers are read."
    )
    providers: tuple[Literal["signal_file", "wsl", "x11", "logind"], ...] = Field(
        default=("signal_file", "wsl", "x11", "logind"),
        description="Providers that may be used; those that do not work here are left out.",
    )
    signal_file: OptionalPath = Field(
        default=None, description="Written by the capture program; default DATA_DIR/activity.json."
    )


class BudgetSettings(Section):
    """`[budget]`: what heavy work may take of the machine, over the whole process tree."""

    cpu_share_max: Share = Field(
        default=0.5, description="Share of all cores, averaged over cpu_window_s."
    )
    ram_share_max: Share = Field(
        default=0.5, description="Share of physical memory (PSS + swap), at any sample."
    )
    cpu_window_s: PositiveSeconds = Field(default=10.0, description="Averaging window for CPU.")
    sample_interval_s: PositiveSeconds = Field(
        default=1.0, le=10.0, description="How often the tree is measured."
    )
    ramp_step_s: PositiveSeconds = Field(
        default=5.0, description="Time between two steps of the ramp-up after idle begins."
    )
    explicit_cpu_s: Seconds = Field(
        default=20.0, description="CPU seconds an explicit request may use while active."
    )
    explicit_window_s: PositiveSeconds = Field(
        default=300.0, description="Window in which explicit_cpu_s may be spent."
    )
    on_battery: bool = Field(default=False, description="Do heavy work on battery too.")


class SchedulerSettings(Section):
    """`[scheduler]`: order of work and of model loads."""

    dwell_loads: float = Field(
        default=3.0, ge=0.0, le=100.0, description="Least stay on a model, in load times."
    )
    queue_age_max_s: PositiveSeconds = Field(
        default=600.0, description="Longest time a waiting queue goes unvisited (plus dwell, load)."
    )
    newest_window_s: Seconds = Field(
        default=900.0, description="Evidence this young goes first, newest before older."
    )
    keep_warm_loads: float = Field(
        default=1.0,
        ge=0.0,
        le=100.0,
        description="While active, a stopped host keeps its model this many load times.",
    )
    keep_warm_min_s: Seconds = Field(
        default=30.0, description="While active, a stopped host is kept at least this long."
    )
    attempts_max: int = Field(
        default=3, ge=1, le=20, description="Failed attempts of one task until it is given up."
    )
    retry_base_s: PositiveSeconds = Field(default=1.0, description="First retry delay; doubles.")
    retry_max_s: PositiveSeconds = Field(default=300.0, description="Longest retry delay.")


class PipelineSettings(Section):
    """`[pipeline]`: which plugin does which stage."""

    text_plugin: PluginName = Field(
        default="ocr_rapid", description="Plugin that does the text stage; none: no text."
    )
    state_plugin: PluginName = Field(
        default="screen_state",
        description="Plugin that makes screen states of frames; none: no states.",
    )
    delta_plugin: PluginName = Field(
        default="screen_state",
        description="Plugin that compares screen states; none: no deltas.",
    )
    vision_plugin: PluginName = Field(
        default="none", description="Plugin that describes frames with a model; none: not done."
    )
    embed_plugin: PluginName = Field(
        default="none", description="Plugin that makes vectors of texts; none: words only."
    )
    repack_plugin: PluginName = Field(
        default="repack_tiles", description="Plugin that packs frames in idle time; none: not."
    )
    languages: tuple[Annotated[str, Field(pattern=r"^[a-z]{3}(_[a-z]+)?$")], ...] = Field(
        default=("eng",), min_length=1, max_length=8, description="ISO 639-2 codes, best first."
    )


class IntakeSettings(Section):
    """`[intake]`: limits before the store, and the inbox."""

    queue_events_max: int = Field(
        default=256, ge=1, le=100_000, description="Events waiting for the group commit."
    )
    queue_bytes_max: int = Field(
        default=256 * MIB, ge=MIB, description="Pixel bytes waiting for the group commit."
    )
    file_bytes_max: int = Field(
        default=256 * MIB, ge=MIB, description="Larger inbox files are refused."
    )
    inbox_dir: OptionalPath = Field(default=None, description="Default: DATA_DIR/inbox.")
    inbox_poll_ms: int = Field(
        default=500, ge=10, le=60_000, description="How often the inbox is listed."
    )
    grabber: Literal["none", "grab_mss"] = Field(
        default="none", description="Screen grabber that the kernel keeps running (X11)."
    )


class DiskSettings(Section):
    """`[disk]`: levels of disk pressure, by free bytes of the primary drive."""

    yellow_free_bytes: int = Field(
        default=10 * GIB, ge=0, description="Below: no heavy work but packing."
    )
    red_free_bytes: int = Field(default=2 * GIB, ge=0, description="Below: evidence to spool_dir.")
    black_free_bytes: int = Field(
        default=512 * MIB, ge=0, description="Below on both drives: refuse new evidence."
    )
    yellow_days_left: float = Field(
        default=3.0, ge=0.0, description="Fewer days left at the recent rate: yellow."
    )
    keep_original_bytes: bool = Field(
        default=False,
        description="Keep segments whose frames are all packed, losslessly and proved.",
    )
    spool_dir: OptionalPath = Field(
        default=None,
        description="Overflow on a secondary drive; none: the primary is used down to black.",
    )

    @model_validator(mode="after")
    def _check_order(self) -> Self:
        if not self.yellow_free_bytes >= self.red_free_bytes >= self.black_free_bytes:
            raise ValueError(
                "levels must fall: yellow_free_bytes >= red_free_bytes >= black_free_bytes"
            )
        return self


class RunSettings(Section):
    """`[run]`: what one `kernel run` does beside serving."""

    duration_s: Annotated[float | None, Field(gt=0.0)] = Field(
        default=None, description="Stop after this long; none: until told."
    )
    samples: Literal["none", "small", "full"] = Field(
        default="none", description="Take in packaged sample frames at start."
    )
    fresh_data_dir: bool = Field(
        default=False, description="Work in a new data dir of the run's own."
    )


class SoakSettings(Section):
    """`[soak]`: the endurance run; off unless a soak profile turns it on."""

    enabled: bool = Field(default=False, description="Drive load and write a verdict.")
    faults: bool = Field(default=True, description="Inject the scheduled faults.")
    metrics_interval_s: PositiveSeconds = Field(default=10.0, description="Between metric lines.")
    artifacts_bytes_max: int = Field(
        default=512 * MIB, ge=MIB, description="Size limit of the soak's own artifacts."
    )


class Settings(Section):
    """One complete, valid configuration."""

    hosts: HostSettings = HostSettings()
    restart: RestartSettings = RestartSettings()
    activity: ActivitySettings = ActivitySettings()
    budget: BudgetSettings = BudgetSettings()
    scheduler: SchedulerSettings = SchedulerSettings()
    pipeline: PipelineSettings = PipelineSettings()
    intake: IntakeSettings = IntakeSettings()
    disk: DiskSettings = DiskSettings()
    run: RunSettings = RunSettings()
    soak: SoakSettings = SoakSettings()
