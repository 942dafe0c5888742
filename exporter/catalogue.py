"""Every metric family that gradewatch exports, and those of other exporters that its rules and boards use.

Rules, dashboards, docs/metrics.md and tests take names, labels and allowed label values from here. A family
that is not exported yet has `since="later"`: its name is fixed, so that rules and boards can be written.

No family has a label that alerts carry (priority, severity, service, team, category, alert_type, escalation):
the rule's value would overwrite the series' own, and two series would become one alert with an evaluation
error.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

Type = Literal["gauge", "counter", "histogram", "info"]
Since = Literal["now", "later"]
Labels = dict[str, tuple[str, ...]]
Buckets = tuple[float, ...]

_SUFFIX = {"counter": "_total", "info": "_info"}
_UNITS = ("seconds", "bytes", "ratio")


@dataclass(frozen=True, slots=True)
class Family:
    """One metric family. `name` is as exposed: counters end in _total, infos in _info, gauges in neither.

    `values` holds the allowed values of the labels whose set is closed; labels without an entry hold
    configured names or are bounded by `collection.max_label_values`. `buckets` are finite upper bounds.
    """

    name: str
    type: Type
    help: str
    labels: tuple[str, ...] = ()
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict, hash=False)
    unit: str = ""
    buckets: Buckets = ()
    collector: str = ""
    since: Since = "now"
    subject: str = ""

    @property
    def base_name(self) -> str:
        """The name without the suffix that its type adds: OpenMetrics' name of the family."""
        return self.name.removesuffix(_SUFFIX.get(self.type, ""))

    @property
    def open_labels(self) -> tuple[str, ...]:
        """Labels whose values are not listed here."""
        return tuple(label for label in self.labels if label not in self.values)


@dataclass(frozen=True, slots=True)
class ForeignFamily:
    """A family of another exporter: what rules and dashboards rely on."""

    name: str
    type: Type
    labels: tuple[str, ...]
    exporter: str


AddedLabel = Literal["course", "assignment"]
"""What the configuration can add to the families of LABELLED (graders[].labels)."""
ADDED_LABELS: tuple[str, ...] = get_args(AddedLabel)
OPEN: tuple[str, ...] = ()
"""Values of a label whose set is not closed: configured names."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """Families of one subject: a table in docs/metrics.md. `origin` ends each help text."""

    title: str
    collector: str
    origin: str
    since: Since

    def gauge(self, name: str, text: str, since: Since | None = None, **labels: tuple[str, ...]) -> Family:
        return self._family(name, "gauge", text, since, labels)

    def counter(self, name: str, text: str, since: Since | None = None, **labels: tuple[str, ...]) -> Family:
        return self._family(name, "counter", text, since, labels)

    def info(self, name: str, text: str, since: Since | None = None, **labels: tuple[str, ...]) -> Family:
        return self._family(name, "info", text, since, labels)

    def histogram(self, name: str, text: str, buckets: Buckets, **labels: tuple[str, ...]) -> Family:
        return replace(self._family(name, "histogram", text, None, labels), buckets=buckets)

    def _family(self, name: str, type_: Type, text: str, since: Since | None, labels: Labels) -> Family:
        base = name.removesuffix(_SUFFIX.get(type_, ""))
        return Family(
            name=name,
            type=type_,
            help=f"{text} Collector {self.collector}, from {self.origin}.",
            labels=tuple(labels),
            values=MappingProxyType({label: values for label, values in labels.items() if values}),
            unit=next((unit for unit in _UNITS if base.endswith(f"_{unit}")), ""),
            collector=self.collector,
            since=since or self.since,
            subject=self.title,
        )


# Closed sets

ATTEMPTS = ("first", "resubmission")
OUTCOMES = (
    "accepted",
    "partial",
    "rejected",
    "compile_error",
    "runtime_error",
    "time_limit",
    "memory_limit",
    "output_limit",
    "invalid",
    "aborted",
    "internal_error",
    "graded",
    "other",
)
FAILURE_STAGES = ("grade", "dispatch", "report")
BASES = ("recorded", "observed")
QUEUE_STATES = ("waiting", "running")
TIMELINESS = ("on_time", "late")
COMPARISONS = ("equal", "close", "different")
USER_WINDOWS = ("1h", "24h")
WORKER_STATES = ("online", "busy", "stale", "offline", "disabled", "unhealthy", "other")
HEARTBEAT_STATS = ("min", "max")
ERROR_REASONS = ("connect", "auth", "timeout", "query", "data", "limit")
PERIODS = ("1d", "7d", "30d")
URGENCIES = ("critical", "high", "medium", "low")
TICKET_STATES = ("open", "waiting", "resolved")
SURVEYS = ("nps", "csat", "ces")
REQUEST_STATES = ("open", "delivered", "declined")
LABEL_SOURCES = ("audit", "regrade", "other")
CONFUSION = ("tp", "fp", "tn", "fn")
CALIBRATION_GROUPS = tuple(str(group) for group in range(10))
RETRAIN_REASONS = ("accuracy_drop", "feature_drift", "prediction_shift", "new_samples", "schedule")
REJECTIONS = ("future", "too_old", "no_time", "not_a_number", "bad_line")
DRIFT_STAGES = ("reference", "read", "evaluate", "quality", "state")

# Buckets, in seconds unless said otherwise

_GRADING = (0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
_WAIT = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
_TURNAROUND = (1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0, 604800.0)
_DIFFERENCE = (0.0, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0)  # share of the maximum
_MINUTE, _HOUR, _DAY = 60.0, 3600.0, 86400.0
# Each limit of the help desk's agreement is a bound: the share answered in time is exact.
_SUPPORT = tuple(h * _HOUR for h in (0.25, 0.5, 1, 2, 4, 8, 24, 48, 72, 168, 336))
_INCIDENT = tuple(m * _MINUTE for m in (1, 5, 15, 30, 60, 120, 240, 480, 1440, 4320))
_SESSION = tuple(m * _MINUTE for m in (1, 5, 10, 15, 30, 60, 120, 240))
_FEEDBACK = tuple(h * _HOUR for h in (1, 4, 8, 24, 48, 72, 168))
_LATENCY = (0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
_SCORE = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)  # share of the highest score
_EVALUATION = (0.001, 0.01, 0.1, 1.0, 10.0)

# Submissions and gradings

_EVENTS = "Submissions and gradings"
_rows = _Subject(_EVENTS, "submissions", "the rows that the profile follows", "now")
_agreement = _Subject(_EVENTS, "agreement", "the block of that name in the profile", "now")

GRADER_SUBMISSIONS_TOTAL = _rows.counter(
    "grader_submissions_total",
    "Submissions received; resubmissions over first ones is the mean number of revisions.",
    attempt=ATTEMPTS,
)
GRADER_GRADINGS_TOTAL = _rows.counter(
    "grader_gradings_total",
    "Gradings that reached a final state, rejudgings included.",
    outcome=OUTCOMES,
)
GRADER_GRADING_FAILURES_TOTAL = _rows.counter(
    "grader_grading_failures_total",
    "Gradings that the machine itself spoiled (not wrong answers), by the stage that failed.",
    stage=FAILURE_STAGES,
)
GRADER_GRADING_DURATION_SECONDS = _rows.histogram(
    "grader_grading_duration_seconds",
    "Wall time from start to end of a first grading.",
    _GRADING,
)
GRADER_QUEUE_WAIT_SECONDS = _rows.histogram(
    "grader_queue_wait_seconds",
    "Time from submission to the start of a first grading.",
    _WAIT,
)
GRADER_TURNAROUND_SECONDS = _rows.histogram(
    "grader_turnaround_seconds",
    "Time from submission to its first result, recorded by the grader or observed between two collections.",
    _TURNAROUND,
    basis=BASES,
)
GRADER_DEADLINE_SUBMISSIONS_TOTAL = _rows.counter(
    "grader_deadline_submissions_total",
    "Submissions to assignments that have a deadline, extensions allowed for.",
    timeliness=TIMELINESS,
)
GRADER_GRADE_COMPARISONS_TOTAL = _agreement.counter(
    "grader_grade_comparisons_total",
    "Machine scores that a person also gave: equal, close (within 10 % of the maximum) or different.",
    result=COMPARISONS,
)
GRADER_GRADE_DIFFERENCE_RATIO = _agreement.histogram(
    "grader_grade_difference_ratio",
    "Distance between machine score and human score, as a share of the maximum.",
    _DIFFERENCE,
)

# Backlog, workers, users

_STATE = ("Backlog, workers and users", "the block of that name in the profile")
_backlog, _manual, _active, _workers, _internal = (
    _Subject(_STATE[0], collector, _STATE[1], "now")
    for collector in ("backlog", "manual_pending", "active_users", "workers", "internal_errors")
)

GRADER_QUEUE_DEPTH = _backlog.gauge(
    "grader_queue_depth",
    "Submissions (in a broker's queue: jobs) not graded yet; queue `grading` is the profile's own.",
    state=QUEUE_STATES,
    queue=OPEN,
)
GRADER_QUEUE_OLDEST_AGE_SECONDS = _backlog.gauge(
    "grader_queue_oldest_age_seconds",
    "Age of the oldest submission not graded yet, by the clock of its database; 0 when there is none.",
    state=QUEUE_STATES,
    queue=OPEN,
)
GRADER_MANUAL_GRADING_PENDING = _manual.gauge(
    "grader_manual_grading_pending",
    "Items that wait for a person to grade them.",
)
GRADER_ACTIVE_USERS = _active.gauge(
    "grader_active_users",
    "Distinct submitters in the window; 0 below `min_users`, so that nobody is singled out.",
    window=USER_WINDOWS,
)
GRADER_WORKERS = _workers.gauge(
    "grader_workers",
    "Grading workers by state.",
    state=WORKER_STATES,
)
GRADER_WORKER_HEARTBEAT_AGE_SECONDS = _workers.gauge(
    "grader_worker_heartbeat_age_seconds",
    "Age of the youngest (min) and the oldest (max) heartbeat of the grading workers.",
    stat=HEARTBEAT_STATS,
)
GRADER_INTERNAL_ERRORS_OPEN = _internal.gauge(
    "grader_internal_errors_open",
    "Open internal errors of the grader that block problems, languages or hosts.",
)

# The reading of a profile

_profile = _Subject("Reading of the profile", "profile", "the sidecar's own book-keeping", "now")

GRADER_PROFILE_INFO = _profile.info(
    "grader_profile_info",
    "The profile in use, 1.",
    profile=OPEN,
    version=OPEN,
)
GRADER_FILES_UP = _profile.gauge(
    "grader_files_up",
    "1 when the folder that the profile reads answered the last collection, else 0.",
    files=OPEN,
)
GRADER_QUERY_DURATION_SECONDS = _profile.gauge(
    "grader_query_duration_seconds",
    "Duration of the last run of a block.",
    query=OPEN,
)
GRADER_QUERY_LAST_SUCCESS_TIMESTAMP_SECONDS = _profile.gauge(
    "grader_query_last_success_timestamp_seconds",
    "Unix time of the last good run of a block; absent before the first one.",
    query=OPEN,
)
GRADER_QUERY_RUNS_TOTAL = _profile.counter(
    "grader_query_runs_total",
    "Runs of a block, failed ones included.",
    query=OPEN,
)
GRADER_QUERY_ERRORS_TOTAL = _profile.counter(
    "grader_query_errors_total",
    "Runs of a block that failed.",
    query=OPEN,
)
GRADER_QUERY_ROWS = _profile.gauge(
    "grader_query_rows",
    "Rows that the last good run of a block returned.",
    query=OPEN,
)
GRADER_WATERMARK = _profile.gauge(
    "grader_watermark",
    "Highest id that was read by a block.",
    query=OPEN,
)
GRADER_PENDING_ROWS = _profile.gauge(
    "grader_pending_rows",
    "Unfinished rows that a block follows until they are final.",
    query=OPEN,
)
GRADER_PENDING_DROPPED_TOTAL = _profile.counter(
    "grader_pending_dropped_total",
    "Unfinished rows that were given up because there were too many or they were too old.",
    query=OPEN,
)

# Databases

_database = _Subject("Databases", "database", "a configured database", "now")

GRADER_DATABASE_UP = _database.gauge(
    "grader_database_up",
    "1 when the database answered the last collection, else 0.",
    database=OPEN,
)
GRADER_DATABASE_QUERY_DURATION_SECONDS = _database.gauge(
    "grader_database_query_duration_seconds",
    "Duration of one fixed light statement.",
    database=OPEN,
)
GRADER_DATABASE_SIZE_BYTES = _database.gauge(
    "grader_database_size_bytes",
    "Size of the database.",
    database=OPEN,
)
GRADER_DATABASE_CONNECT_ERRORS_TOTAL = _database.counter(
    "grader_database_connect_errors_total",
    "Attempts to connect that failed, by reason.",
    database=OPEN,
    reason=ERROR_REASONS,
)
GRADER_DATABASE_CONNECTIONS = _database.gauge(
    "grader_database_connections",
    "Connections that are open on the server, of all its clients.",
    database=OPEN,
)
GRADER_DATABASE_CONNECTIONS_MAX = _database.gauge(
    "grader_database_connections_max",
    "Connections that the server allows.",
    database=OPEN,
)
GRADER_DATABASE_LONG_QUERIES = _database.gauge(
    "grader_database_long_queries",
    "Statements that have been running for more than `long_query_seconds` (default 30).",
    database=OPEN,
)
GRADER_DATABASE_LONGEST_QUERY_SECONDS = _database.gauge(
    "grader_database_longest_query_seconds",
    "Age of the statement that has been running longest; 0 when there is none.",
    database=OPEN,
)
GRADER_DATABASE_REPLICATION_LAG_SECONDS = _database.gauge(
    "grader_database_replication_lag_seconds",
    "How far the replica is behind its source, infinite when it stands still; absent where there is none.",
    database=OPEN,
)

# Queues

_queue = _Subject("Queues", "queue", "a configured broker", "now")

GRADER_BROKER_UP = _queue.gauge(
    "grader_broker_up",
    "1 when the broker answered the last collection, else 0.",
    broker=OPEN,
)
GRADER_QUEUE_UP = _queue.gauge(
    "grader_queue_up",
    "1 when the configured queue could be read at the last collection, else 0.",
    queue=OPEN,
)
GRADER_QUEUE_CONSUMERS = _queue.gauge(
    "grader_queue_consumers",
    "Consumers of the queue.",
    queue=OPEN,
)
GRADER_QUEUE_JOBS_FAILED = _queue.gauge(
    "grader_queue_jobs_failed",
    "Jobs in the broker's failed list; falls when the list is purged.",
    queue=OPEN,
)
GRADER_QUEUE_PROCESSED_TOTAL = _queue.counter(
    "grader_queue_processed_total",
    "Jobs processed, where the broker keeps a counter.",
    queue=OPEN,
)
GRADER_QUEUE_FAILED_TOTAL = _queue.counter(
    "grader_queue_failed_total",
    "Jobs failed, where the broker keeps a counter.",
    queue=OPEN,
)
GRADER_QUEUE_CAPACITY = _queue.gauge(
    "grader_queue_capacity",
    "Jobs that the queue accepts before it refuses more.",
    queue=OPEN,
)
GRADER_QUEUE_SCAN_TRUNCATED = _queue.gauge(
    "grader_queue_scan_truncated",
    "1 when the search for queues was cut short by its bound, else 0.",
    broker=OPEN,
)

# Probes

_probe = _Subject("Probes and checks", "probe", "a configured request or query", "now")

GRADER_PROBE_UP = _probe.gauge(
    "grader_probe_up",
    "1 when the probe got the answer it expects, else 0.",
    probe=OPEN,
)
GRADER_PROBE_HTTP_STATUS_CODE = _probe.gauge(
    "grader_probe_http_status_code",
    "HTTP status of the last answer; absent when there was none.",
    probe=OPEN,
)
GRADER_PROBE_DURATION_SECONDS = _probe.gauge(
    "grader_probe_duration_seconds",
    "Duration of the last probe.",
    probe=OPEN,
)
GRADER_PROBE_CERTIFICATE_NOT_AFTER_TIMESTAMP_SECONDS = _probe.gauge(
    "grader_probe_certificate_not_after_timestamp_seconds",
    "Unix time at which the certificate of the probed address expires.",
    probe=OPEN,
)
GRADER_CHECK_FAILURES = _probe.gauge(
    "grader_check_failures",
    "Rows that a data-integrity query finds; anything but 0 means corrupt data.",
    check=OPEN,
)
GRADER_BUILD_INFO = _probe.info(
    "grader_build_info",
    "The release of the grader itself, 1.",
    version=OPEN,
)

# Backups

_backup = _Subject("Backups", "backup", "a configured set of files or rows", "now")

GRADER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS = _backup.gauge(
    "grader_backup_last_success_timestamp_seconds",
    "Unix time of the newest good backup.",
    backup=OPEN,
)
GRADER_BACKUP_LAST_ATTEMPT_TIMESTAMP_SECONDS = _backup.gauge(
    "grader_backup_last_attempt_timestamp_seconds",
    "Unix time of the newest attempt, good or not.",
    backup=OPEN,
)
GRADER_BACKUP_LAST_SUCCESS = _backup.gauge(
    "grader_backup_last_success",
    "1 when the newest attempt was good, else 0.",
    backup=OPEN,
)
GRADER_BACKUP_SIZE_BYTES = _backup.gauge(
    "grader_backup_size_bytes",
    "Size of the newest good backup.",
    backup=OPEN,
)

# People: filled by SQL from the configuration

_users = _Subject("Users", "queries", "the SQL of your configuration", "now")

GRADER_USERS_REGISTERED = _users.gauge("grader_users_registered", "Registered users.")
GRADER_USERS_ACTIVE = _users.gauge(
    "grader_users_active",
    "Distinct users who signed in during the window.",
    window=PERIODS,
)
GRADER_USERS_SESSIONS = _users.gauge("grader_users_sessions", "Sessions that are open now.")
GRADER_USERS_SESSION_DURATION_SECONDS = _users.histogram(
    "grader_users_session_duration_seconds",
    "Length of ended sessions.",
    _SESSION,
)
GRADER_USERS_PAGE_VIEWS_TOTAL = _users.counter("grader_users_page_views_total", "Pages viewed.")
GRADER_USERS_FEATURE_USED = _users.gauge(
    "grader_users_feature_used",
    "Distinct users of a feature during the window.",
    feature=OPEN,
    window=PERIODS,
)
GRADER_USERS_CORE_FEATURE_USERS = _users.gauge(
    "grader_users_core_feature_users",
    "Distinct users of any core feature during the window.",
    window=PERIODS,
)
GRADER_USERS_RETAINED_RATIO = _users.gauge(
    "grader_users_retained_ratio",
    "Share of the users of the previous window who came back in this one.",
    window=PERIODS,
)

_security = _Subject("Security", "queries", "the SQL of your configuration", "now")

GRADER_SECURITY_FAILED_LOGINS_TOTAL = _security.counter(
    "grader_security_failed_logins_total",
    "Failed logins.",
)
GRADER_SECURITY_EXPORTED_BYTES_TOTAL = _security.counter(
    "grader_security_exported_bytes_total",
    "Bytes that users exported.",
)
GRADER_SECURITY_SUSPICIOUS_EVENTS_TOTAL = _security.counter(
    "grader_security_suspicious_events_total",
    "Suspicious events, by reason.",
    reason=OPEN,
)

_feedback = _Subject("Feedback", "queries", "the SQL of your configuration", "now")

GRADER_FEEDBACK_NPS = _feedback.gauge("grader_feedback_nps", "Net promoter score, -100 to 100.")
GRADER_FEEDBACK_CSAT = _feedback.gauge("grader_feedback_csat", "Mean satisfaction, 1 to 5.")
GRADER_FEEDBACK_CES = _feedback.gauge("grader_feedback_ces", "Mean effort, 1 (little) to 5 (much).")
GRADER_FEEDBACK_RESPONSES_TOTAL = _feedback.counter(
    "grader_feedback_responses_total",
    "Answers to a survey.",
    survey=SURVEYS,
)
GRADER_FEEDBACK_RESPONSE_TIME_SECONDS = _feedback.histogram(
    "grader_feedback_response_time_seconds",
    "Time from an item of feedback to our answer.",
    _FEEDBACK,
)
GRADER_FEEDBACK_ITEMS_TOTAL = _feedback.counter("grader_feedback_items_total", "Items of feedback received.")
GRADER_FEEDBACK_ITEMS_RESOLVED_TOTAL = _feedback.counter(
    "grader_feedback_items_resolved_total",
    "Items of feedback that were resolved.",
)
GRADER_FEEDBACK_FEATURE_REQUESTS = _feedback.gauge(
    "grader_feedback_feature_requests",
    "Feature requests by state.",
    state=REQUEST_STATES,
)

_support = _Subject("Support", "queries", "the SQL of your configuration", "now")

GRADER_SUPPORT_TICKETS = _support.gauge(
    "grader_support_tickets",
    "Tickets by urgency and state.",
    urgency=URGENCIES,
    state=TICKET_STATES,
)
GRADER_SUPPORT_TICKETS_CREATED_TOTAL = _support.counter(
    "grader_support_tickets_created_total",
    "Tickets created.",
    urgency=URGENCIES,
)
GRADER_SUPPORT_FIRST_RESPONSE_SECONDS = _support.histogram(
    "grader_support_first_response_seconds",
    "Time from a ticket to its first answer.",
    _SUPPORT,
    urgency=URGENCIES,
)
GRADER_SUPPORT_RESOLUTION_SECONDS = _support.histogram(
    "grader_support_resolution_seconds",
    "Time from a ticket to its resolution.",
    _SUPPORT,
    urgency=URGENCIES,
)
GRADER_SUPPORT_OLDEST_UNANSWERED_SECONDS = _support.gauge(
    "grader_support_oldest_unanswered_seconds",
    "Age of the oldest ticket without an answer; 0 when there is none.",
    urgency=URGENCIES,
)
GRADER_SUPPORT_OLDEST_UNRESOLVED_SECONDS = _support.gauge(
    "grader_support_oldest_unresolved_seconds",
    "Age of the oldest ticket without a resolution; 0 when there is none.",
    urgency=URGENCIES,
)
GRADER_SUPPORT_HELP_REQUESTS_TOTAL = _support.counter(
    "grader_support_help_requests_total",
    "Requests for help from within an assignment.",
)

_education = _Subject("Education", "queries", "the SQL of your configuration", "now")

GRADER_EDUCATION_GRADE_IMPROVEMENT_RATIO = _education.gauge(
    "grader_education_grade_improvement_ratio",
    "Mean gain from the first to the last attempt, as a share of the maximum.",
)
GRADER_EDUCATION_COURSES_COMPLETED_RATIO = _education.gauge(
    "grader_education_courses_completed_ratio",
    "Share of enrolments that were completed.",
)
GRADER_EDUCATION_AT_RISK_STUDENTS = _education.gauge(
    "grader_education_at_risk_students",
    "Students at risk; 0 below `min_users`, so that nobody is singled out.",
)

_compliance = _Subject("Compliance", "queries", "the SQL of your configuration", "now")

GRADER_COMPLIANCE_AUDIT_LOG_OLDEST_TIMESTAMP_SECONDS = _compliance.gauge(
    "grader_compliance_audit_log_oldest_timestamp_seconds",
    "Unix time of the oldest entry of the audit log.",
)
GRADER_COMPLIANCE_PHI_ACCESS_REVIEWED_RATIO = _compliance.gauge(
    "grader_compliance_phi_access_reviewed_ratio",
    "Share of accesses to health data that were reviewed.",
)
GRADER_COMPLIANCE_PATCHED_RATIO = _compliance.gauge(
    "grader_compliance_patched_ratio",
    "Share of systems with all patches.",
)
GRADER_COMPLIANCE_VULNERABILITIES = _compliance.gauge(
    "grader_compliance_vulnerabilities",
    "Known vulnerabilities that are open.",
    urgency=URGENCIES,
)
GRADER_COMPLIANCE_LAST_SCAN_TIMESTAMP_SECONDS = _compliance.gauge(
    "grader_compliance_last_scan_timestamp_seconds",
    "Unix time of the last vulnerability scan.",
)
GRADER_COMPLIANCE_INCIDENT_REPORT_SECONDS = _compliance.histogram(
    "grader_compliance_incident_report_seconds",
    "Time from a security incident to its report.",
    _INCIDENT,
)

_incidents = _Subject("Incidents", "queries", "the SQL of your configuration", "now")

GRADER_INCIDENTS_OPEN = _incidents.gauge(
    "grader_incidents_open",
    "Incidents that are open.",
    urgency=URGENCIES,
)
GRADER_INCIDENT_ACKNOWLEDGE_SECONDS = _incidents.histogram(
    "grader_incident_acknowledge_seconds",
    "Time from the start of an incident to its acknowledgement.",
    _INCIDENT,
    urgency=URGENCIES,
)
GRADER_INCIDENT_RESOLVE_SECONDS = _incidents.histogram(
    "grader_incident_resolve_seconds",
    "Time from the start of an incident to its resolution.",
    _INCIDENT,
    urgency=URGENCIES,
)

# Models: drift and quality

_MODEL = "the model's prediction log"
_drift = _Subject("Model drift", "model", _MODEL, "now")
_quality = _Subject("Model quality", "model", "the prediction log and the labels that came later", "now")
_log = _Subject("Reading of the prediction log", "model", "the sidecar's own book-keeping", "now")

_V: dict[str, Any] = {"model": OPEN, "model_version": OPEN}
_VF: dict[str, Any] = {**_V, "feature": OPEN}
_VL: dict[str, Any] = {**_V, "label_source": LABEL_SOURCES}
_WINDOW = "in the model's window (default 24h), without missing values"

GRADER_MODEL_FEATURE_DRIFT_KS_STATISTIC = _drift.gauge(
    "grader_model_feature_drift_ks_statistic",
    f"Largest distance between the feature's distribution {_WINDOW}, and its reference; 0 to 1. Numeric.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_KS_STATISTIC_ERROR = _drift.gauge(
    "grader_model_feature_drift_ks_statistic_error",
    "How much the exact distance may be larger than grader_model_feature_drift_ks_statistic.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_KS_P_VALUE = _drift.gauge(
    "grader_model_feature_drift_ks_p_value",
    "Two-sample KS test of 'same distribution': falls with more rows alone, so no alert is made of it.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_RELEVANT_P_VALUE = _drift.gauge(
    "grader_model_feature_drift_relevant_p_value",
    "Test of 'the shift is at most delta' (default 0.05): what decides, corrected over features.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_PSI = _drift.gauge(
    "grader_model_feature_drift_psi",
    "Population stability index over the reference's deciles, or over categories.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_JS_DISTANCE = _drift.gauge(
    "grader_model_feature_drift_js_distance",
    "Jensen-Shannon distance to the reference (base 2, 0 to 1) over its deciles, or over categories.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_WASSERSTEIN_NORMALIZED = _drift.gauge(
    "grader_model_feature_drift_wasserstein_normalized",
    "Wasserstein distance in reference deviations, both clipped to its 0.1 % and 99.9 % points.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_CHI2_P_VALUE = _drift.gauge(
    "grader_model_feature_drift_chi2_p_value",
    "Contingency test of reference and window; categorical features only, no alert is made of it.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_CRAMERS_V = _drift.gauge(
    "grader_model_feature_drift_cramers_v",
    "Cramer's V as it were with as many rows in the window as in the reference; categorical features only.",
    **_VF,
)
GRADER_MODEL_FEATURE_DRIFT_DETECTED = _drift.gauge(
    "grader_model_feature_drift_detected",
    "1 when the feature drifted at the last two hourly closes, else 0; absent until it was decided.",
    **_VF,
)
GRADER_MODEL_FEATURE_MISSING_RATIO = _drift.gauge(
    "grader_model_feature_missing_ratio",
    "Share of the window's rows without a value of the feature: NULL, NaN, or text where a number is due.",
    **_VF,
)
GRADER_MODEL_FEATURE_OUT_OF_RANGE_RATIO = _drift.gauge(
    "grader_model_feature_out_of_range_ratio",
    "Share of the window's values below the reference's minimum or above its maximum; numeric features only.",
    **_VF,
)
GRADER_MODEL_FEATURE_UNSEEN_CATEGORY_RATIO = _drift.gauge(
    "grader_model_feature_unseen_category_ratio",
    "Share of the window's values that the reference does not have; categorical features only.",
    **_VF,
)
GRADER_MODEL_PREDICTION_DRIFT_KS_STATISTIC = _drift.gauge(
    "grader_model_prediction_drift_ks_statistic",
    f"Largest distance between the distribution of the predictions {_WINDOW}, and their reference; 0 to 1.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_KS_STATISTIC_ERROR = _drift.gauge(
    "grader_model_prediction_drift_ks_statistic_error",
    "How much the exact distance may be larger than grader_model_prediction_drift_ks_statistic.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_KS_P_VALUE = _drift.gauge(
    "grader_model_prediction_drift_ks_p_value",
    "Two-sample KS test of the predictions: falls with the number of rows alone, so no alert is made of it.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_RELEVANT_P_VALUE = _drift.gauge(
    "grader_model_prediction_drift_relevant_p_value",
    "Test of 'the shift of the predictions is at most delta' (default 0.05): what the decision is made of.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_PSI = _drift.gauge(
    "grader_model_prediction_drift_psi",
    "Population stability index of the predictions over their reference's deciles, or over classes.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_JS_DISTANCE = _drift.gauge(
    "grader_model_prediction_drift_js_distance",
    "Jensen-Shannon distance of the predictions to their reference (base 2, 0 to 1).",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_WASSERSTEIN_NORMALIZED = _drift.gauge(
    "grader_model_prediction_drift_wasserstein_normalized",
    "Wasserstein distance of the predictions in deviations of their reference, clipped like a feature's.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_CHI2_P_VALUE = _drift.gauge(
    "grader_model_prediction_drift_chi2_p_value",
    "Contingency test of the predicted classes; only of models that predict one, no alert is made of it.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_CRAMERS_V = _drift.gauge(
    "grader_model_prediction_drift_cramers_v",
    "Cramer's V of the predicted classes, balanced for sample sizes; only of models that predict one.",
    **_V,
)
GRADER_MODEL_PREDICTION_DRIFT_DETECTED = _drift.gauge(
    "grader_model_prediction_drift_detected",
    "1 when the predictions drifted at the last two hourly closes, else 0; absent until it was decided.",
    **_V,
)
GRADER_MODEL_PREDICTION_MISSING_RATIO = _drift.gauge(
    "grader_model_prediction_missing_ratio",
    "Share of the window's rows without a prediction.",
    **_V,
)
GRADER_MODEL_PREDICTION_SCORE = _drift.histogram(
    "grader_model_prediction_score",
    "Predictions read so far as a share of the highest score, restored after a restart; numeric ones only.",
    _SCORE,
    **_V,
)
GRADER_MODEL_DRIFTED_FEATURES_RATIO = _drift.gauge(
    "grader_model_drifted_features_ratio",
    "Share of the decided features that drifted.",
    **_V,
)
GRADER_MODEL_DRIFT_SUFFICIENT_DATA = _drift.gauge(
    "grader_model_drift_sufficient_data",
    "1 when the window has the rows that a decision needs (default 500), else 0 and no drift statistics.",
    **_V,
)
GRADER_MODEL_DRIFT_WINDOW_ROWS = _drift.gauge(
    "grader_model_drift_window_rows",
    "Rows of the window.",
    **_V,
)
GRADER_MODEL_DRIFT_REFERENCE_ROWS = _drift.gauge(
    "grader_model_drift_reference_rows",
    "Rows of the reference; a tenth of the window's or less makes the reference's own error the larger one.",
    **_V,
)
GRADER_MODEL_DRIFT_WINDOW_SECONDS = _drift.gauge(
    "grader_model_drift_window_seconds",
    "Length of the window.",
    **_V,
)
GRADER_MODEL_DRIFT_LAST_EVALUATION_TIMESTAMP_SECONDS = _drift.gauge(
    "grader_model_drift_last_evaluation_timestamp_seconds",
    "Unix time of the last evaluation: the age of all drift figures.",
    **_V,
)
GRADER_MODEL_RETRAIN_TRIGGER = _drift.gauge(
    "grader_model_retrain_trigger",
    "1 when this reason to train the model again holds, 0 when it does not, absent when it cannot be told.",
    **_V,
    reason=RETRAIN_REASONS,
)
GRADER_MODEL_NEW_SAMPLES = _drift.gauge(
    "grader_model_new_samples",
    "Rows of the log since the model was trained.",
    **_V,
)
GRADER_MODEL_TRAINED_TIMESTAMP_SECONDS = _drift.gauge(
    "grader_model_trained_timestamp_seconds",
    "Unix time at which the model was trained, as configured.",
    **_V,
)

_COHORTS = "over the predictions of the last 30 days that are old enough to have labels"
_ABSENT = "absent below `min_labels` (default 200)"

GRADER_MODEL_ACCURACY = _quality.gauge(
    "grader_model_accuracy",
    f"Share of labelled predictions that were right (grades: within the tolerance), {_COHORTS}; {_ABSENT}.",
    **_VL,
)
GRADER_MODEL_ACCURACY_LOWER_BOUND = _quality.gauge(
    "grader_model_accuracy_lower_bound",
    "Lower end of the accuracy's 95 % interval (Wilson).",
    **_VL,
)
GRADER_MODEL_ACCURACY_UPPER_BOUND = _quality.gauge(
    "grader_model_accuracy_upper_bound",
    "Upper end of the accuracy's 95 % interval (Wilson).",
    **_VL,
)
GRADER_MODEL_BASELINE_ACCURACY = _quality.gauge(
    "grader_model_baseline_accuracy",
    "Accuracy that a drop is measured from: as configured, or that of the first 30 days.",
    **_VL,
)
GRADER_MODEL_PRECISION = _quality.gauge(
    "grader_model_precision",
    f"Share of positive predictions that were right, {_COHORTS}; {_ABSENT}, and without two classes.",
    **_VL,
)
GRADER_MODEL_RECALL = _quality.gauge(
    "grader_model_recall",
    f"Share of positive labels that were predicted, {_COHORTS}; {_ABSENT}.",
    **_VL,
)
GRADER_MODEL_F1_SCORE = _quality.gauge(
    "grader_model_f1_score",
    f"Harmonic mean of precision and recall, {_COHORTS}; {_ABSENT}.",
    **_VL,
)
GRADER_MODEL_ROC_AUC = _quality.gauge(
    "grader_model_roc_auc",
    f"Area under the ROC curve, {_COHORTS}; exact to 0.001; {_ABSENT}, and for models without a score.",
    **_VL,
)
GRADER_MODEL_BRIER_SCORE = _quality.gauge(
    "grader_model_brier_score",
    f"Mean squared distance of score and label, {_COHORTS}; {_ABSENT}, and for models without a score.",
    **_VL,
)
GRADER_MODEL_EXPECTED_CALIBRATION_ERROR = _quality.gauge(
    "grader_model_expected_calibration_error",
    f"Mean distance of score and observed share over ten groups, {_COHORTS}; {_ABSENT}.",
    **_VL,
)
GRADER_MODEL_FALSE_POSITIVE_RATIO = _quality.gauge(
    "grader_model_false_positive_ratio",
    f"Share of negative labels that were predicted positive, {_COHORTS}; {_ABSENT}.",
    **_VL,
)
GRADER_MODEL_FALSE_NEGATIVE_RATIO = _quality.gauge(
    "grader_model_false_negative_ratio",
    f"Share of positive labels that were predicted negative, {_COHORTS}; {_ABSENT}.",
    **_VL,
)
GRADER_MODEL_OUTCOMES = _quality.gauge(
    "grader_model_outcomes",
    f"Labelled predictions by true and false positives and negatives, {_COHORTS}. A regrade moves a row.",
    **_VL,
    outcome=CONFUSION,
)
GRADER_MODEL_LABELED_ROWS = _quality.gauge(
    "grader_model_labeled_rows",
    f"Predictions with a label, {_COHORTS}.",
    **_VL,
)
GRADER_MODEL_LABEL_COVERAGE_RATIO = _quality.gauge(
    "grader_model_label_coverage_ratio",
    f"Share of the predictions that have a label, {_COHORTS}.",
    **_VL,
)
GRADER_MODEL_CALIBRATION_OBSERVED_RATIO = _quality.gauge(
    "grader_model_calibration_observed_ratio",
    "Share of positive labels among the predictions with a score in this tenth.",
    **_V,
    group=CALIBRATION_GROUPS,
)
GRADER_MODEL_CALIBRATION_PREDICTED_RATIO = _quality.gauge(
    "grader_model_calibration_predicted_ratio",
    "Mean score of the labelled predictions with a score in this tenth.",
    **_V,
    group=CALIBRATION_GROUPS,
)

GRADER_MODEL_PREDICTIONS_TOTAL = _log.counter(
    "grader_model_predictions_total",
    "New rows of the prediction log; what is read again after a lost state is not counted.",
    **_V,
)
GRADER_MODEL_PREDICTION_LATENCY_SECONDS = _log.histogram(
    "grader_model_prediction_latency_seconds",
    "Time that a prediction took, from the log's latency column; absent without one.",
    _LATENCY,
    **_V,
)
GRADER_MODEL_LOG_ROWS_READ_TOTAL = _log.counter(
    "grader_model_log_rows_read_total",
    "Rows read from the log, those of a rebuild not counted.",
    model=OPEN,
)
GRADER_MODEL_ROWS_REJECTED_TOTAL = _log.counter(
    "grader_model_rows_rejected_total",
    "Rows that were left out (future, too_old, no_time, bad_line), or had text where a number is due.",
    model=OPEN,
    reason=REJECTIONS,
)
GRADER_MODEL_DRIFT_ERRORS_TOTAL = _log.counter(
    "grader_model_drift_errors_total",
    "Steps that failed, by stage; the figures of what failed are absent.",
    model=OPEN,
    stage=DRIFT_STAGES,
)
GRADER_MODEL_VERSIONS_DROPPED_TOTAL = _log.counter(
    "grader_model_versions_dropped_total",
    "Versions given up because only the newest three are kept.",
    model=OPEN,
)
GRADER_MODEL_SERIES_DROPPED_TOTAL = _log.counter(
    "grader_model_series_dropped_total",
    "Series cut from evaluations because there were more than `max_series`.",
    model=OPEN,
)
GRADER_MODEL_LOG_WATERMARK_TIMESTAMP_SECONDS = _log.gauge(
    "grader_model_log_watermark_timestamp_seconds",
    "Unix time of the newest row that was read from the log.",
    model=OPEN,
)
GRADER_MODEL_DRIFT_EVALUATION_DURATION_SECONDS = _log.histogram(
    "grader_model_drift_evaluation_duration_seconds",
    "CPU time of an evaluation.",
    _EVALUATION,
    model=OPEN,
)

# The sidecar itself

_own = _Subject("The sidecar itself", "exporter", "the sidecar's own state", "now")

GRADER_EXPORTER_BUILD_INFO = _own.info(
    "grader_exporter_build_info",
    "The release of the sidecar and of the Python that runs it, 1.",
    version=OPEN,
    python=OPEN,
)
GRADER_EXPORTER_COLLECTOR_SUCCESS = _own.gauge(
    "grader_exporter_collector_success",
    "1 when the collector's series on this page are of a good collection, else 0.",
    collector=OPEN,
)
GRADER_EXPORTER_COLLECTOR_DURATION_SECONDS = _own.gauge(
    "grader_exporter_collector_duration_seconds",
    "Duration of the collector's last ended collection; of one that still runs: its time so far.",
    collector=OPEN,
)
GRADER_EXPORTER_COLLECTOR_LAST_SUCCESS_TIMESTAMP_SECONDS = _own.gauge(
    "grader_exporter_collector_last_success_timestamp_seconds",
    "Unix time of the collector's last good collection; 0 before the first one.",
    collector=OPEN,
)
GRADER_EXPORTER_COLLECTOR_SERIES = _own.gauge(
    "grader_exporter_collector_series",
    "Series of the collector on this page.",
    collector=OPEN,
)
GRADER_EXPORTER_COLLECTOR_ERROR = _own.gauge(
    "grader_exporter_collector_error",
    "1 for the reason why the collector's last collection failed, else 0.",
    collector=OPEN,
    reason=ERROR_REASONS,
)
GRADER_EXPORTER_DUPLICATE_ROWS = _own.gauge(
    "grader_exporter_duplicate_rows",
    "Rows of the collector's last collection that were left out because their labels had been used already.",
    collector=OPEN,
)
GRADER_EXPORTER_LABEL_VALUES_DROPPED = _own.gauge(
    "grader_exporter_label_values_dropped",
    "Label values of the family that were counted as `other` or left out, because there were too many of them"
    " or they are not allowed.",
    family=OPEN,
)
GRADER_EXPORTER_CONFIG_LAST_RELOAD_SUCCESSFUL = _own.gauge(
    "grader_exporter_config_last_reload_successful",
    "1 when the configuration was read without a fault at the last attempt, else 0.",
)
GRADER_EXPORTER_CONFIG_LAST_RELOAD_SUCCESS_TIMESTAMP_SECONDS = _own.gauge(
    "grader_exporter_config_last_reload_success_timestamp_seconds",
    "Unix time at which the configuration in use was read.",
)
GRADER_EXPORTER_WEB_CONFIG_LAST_RELOAD_SUCCESSFUL = _own.gauge(
    "grader_exporter_web_config_last_reload_successful",
    "1 when the web configuration (TLS, users) was read without a fault at the last attempt, else 0.",
)
GRADER_EXPORTER_STATE_REBUILDS_TOTAL = replace(_own, collector="profile").counter(
    "grader_exporter_state_rebuilds_total",
    "Times that counting began anew at the newest row: no usable state file, or an older table than before.",
)

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {value.name: value for value in list(globals().values()) if isinstance(value, Family)}
)
"""Every family by its exposed name, in the order of this file."""


# Families of other exporters


def _foreign(exporter: str, type_: Type, **names: tuple[str, ...]) -> list[ForeignFamily]:
    return [ForeignFamily(name, type_, labels, exporter) for name, labels in names.items()]


_NODE_DISK = ("device", "fstype", "mountpoint")

_FOREIGN = [
    # The application's own; each name can be changed in the policy.
    *_foreign(
        "application",
        "counter",
        http_requests_total=("status",),
        application_errors_total=(),
        application_database_queries_total=(),
        application_database_errors_total=(),
        process_cpu_seconds_total=(),
    ),
    *_foreign("application", "histogram", http_request_duration_seconds=()),
    *_foreign("application", "gauge", process_resident_memory_bytes=(), process_start_time_seconds=()),
    *_foreign(
        "prometheus (every target)",
        "gauge",
        up=(),
        scrape_duration_seconds=(),
        scrape_samples_scraped=(),
        scrape_samples_post_metric_relabeling=(),
        scrape_series_added=(),
    ),
    *_foreign(
        "prometheus (rules)",
        "gauge",
        ALERTS=("alertname", "alertstate"),
        ALERTS_FOR_STATE=("alertname",),
    ),
    *_foreign(
        "prometheus",
        "gauge",
        prometheus_config_last_reload_successful=(),
        prometheus_config_last_reload_success_timestamp_seconds=(),
        prometheus_notifications_alertmanagers_discovered=(),
        prometheus_notifications_queue_length=(),
        prometheus_notifications_queue_capacity=(),
        prometheus_rule_group_last_duration_seconds=("rule_group",),
        prometheus_rule_group_interval_seconds=("rule_group",),
        prometheus_rule_group_last_evaluation_timestamp_seconds=("rule_group",),
        prometheus_tsdb_head_series=(),
        prometheus_tsdb_storage_blocks_bytes=(),
    ),
    *_foreign(
        "prometheus",
        "counter",
        prometheus_notifications_errors_total=("alertmanager",),
        prometheus_notifications_sent_total=("alertmanager",),
        prometheus_notifications_dropped_total=(),
        prometheus_rule_evaluation_failures_total=("rule_group",),
        prometheus_rule_evaluations_total=("rule_group",),
        prometheus_rule_group_iterations_missed_total=("rule_group",),
        prometheus_target_scrapes_exceeded_sample_limit_total=(),
    ),
    *_foreign(
        "alertmanager",
        "gauge",
        alertmanager_config_last_reload_successful=(),
        alertmanager_config_last_reload_success_timestamp_seconds=(),
        alertmanager_alerts=("state",),
        alertmanager_silences=("state",),
        alertmanager_cluster_members=(),
    ),
    *_foreign(
        "alertmanager",
        "counter",
        alertmanager_notifications_total=("integration",),
        alertmanager_notifications_failed_total=("integration", "reason"),
        alertmanager_alerts_received_total=("status",),
        alertmanager_alerts_invalid_total=(),
    ),
    *_foreign("alertmanager", "histogram", alertmanager_notification_latency_seconds=("integration",)),
    *_foreign(
        "node_exporter",
        "gauge",
        node_memory_MemAvailable_bytes=(),
        node_memory_MemTotal_bytes=(),
        node_filesystem_avail_bytes=_NODE_DISK,
        node_filesystem_size_bytes=_NODE_DISK,
        node_filesystem_readonly=_NODE_DISK,
        node_network_speed_bytes=("device",),
        node_load1=(),
        node_boot_time_seconds=(),
    ),
    *_foreign(
        "node_exporter",
        "counter",
        node_cpu_seconds_total=("cpu", "mode"),
        node_network_receive_bytes_total=("device",),
        node_network_transmit_bytes_total=("device",),
        node_disk_io_time_seconds_total=("device",),
        node_vmstat_oom_kill=(),
    ),
    *_foreign(
        "mysqld_exporter",
        "gauge",
        mysql_up=(),
        mysql_global_status_threads_connected=(),
        mysql_global_status_threads_running=(),
        mysql_global_variables_max_connections=(),
        mysql_slave_status_seconds_behind_master=("channel_name", "master_host"),
    ),
    *_foreign(
        "mysqld_exporter",
        "counter",
        mysql_global_status_queries=(),
        mysql_global_status_slow_queries=(),
        mysql_global_status_aborted_connects=(),
    ),
    *_foreign(
        "redis_exporter",
        "gauge",
        redis_up=(),
        redis_connected_clients=(),
        redis_memory_used_bytes=(),
        redis_memory_max_bytes=(),
    ),
    *_foreign(
        "redis_exporter",
        "counter",
        redis_keyspace_hits_total=(),
        redis_keyspace_misses_total=(),
        redis_evicted_keys_total=(),
        redis_commands_processed_total=(),
        redis_rejected_connections_total=(),
    ),
    *_foreign(
        "nginx_exporter",
        "gauge",
        nginx_up=(),
        nginx_connections_active=(),
        nginx_connections_waiting=(),
    ),
    *_foreign(
        "nginx_exporter",
        "counter",
        nginx_http_requests_total=(),
        nginx_connections_accepted=(),
        nginx_connections_handled=(),
    ),
]

LABELLED = (
    GRADER_SUBMISSIONS_TOTAL,
    GRADER_DEADLINE_SUBMISSIONS_TOTAL,
    GRADER_GRADINGS_TOTAL,
    GRADER_GRADING_FAILURES_TOTAL,
)
"""What ADDED_LABELS can be added to. A histogram would have a dozen series more for each value."""

FOREIGN: Mapping[str, ForeignFamily] = MappingProxyType({family.name: family for family in _FOREIGN})
"""Families of other exporters by their exposed name (histograms without _bucket). Every series also carries
`job` and `instance`."""
