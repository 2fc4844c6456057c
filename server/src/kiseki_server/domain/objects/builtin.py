"""Classes of objects that the server knows: checked when they are made, their defaults filled in.

The definitions are those of the protocol, in its names, since they are what is stored.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal, cast
from urllib.parse import urlsplit

import msgspec
from msgspec import Meta, field

from kiseki_server.domain.objects import schemas
from kiseki_server.kit.errors import BadRequest

_LINES = 24
"""Columns of a dashboard's grid."""
_METADATA_HEADER = re.compile(
    r"metadata-flavor|x-aws-ec2-metadata-token(-ttl-seconds)?", re.IGNORECASE
)

Text = Annotated[str, Meta(min_length=1)]
Count = Annotated[int, Meta(ge=1, le=50)]


class BaseModel(msgspec.Struct, kw_only=True):
    """Whatever has fields."""

    keeps_unknown: ClassVar[bool] = False

    def check(self) -> None:
        """What the types of the fields do not say."""


class BaseObject(BaseModel, kw_only=True):
    name: str | None = None
    description: str | None = None


class LeaderboardColumn(BaseModel, kw_only=True):
    evaluation_object_ref: str
    scorer_name: str
    summary_metric_path: str
    should_minimize: bool | None = None


class Leaderboard(BaseObject, kw_only=True):
    columns: list[LeaderboardColumn]


class AnnotationSpec(BaseObject, kw_only=True):
    field_schema: dict[str, Any] = field(default_factory=dict[str, Any])
    unique_among_creators: bool = False
    op_scope: list[str] | None = None

    def check(self) -> None:
        schemas.check(self.field_schema)


class Pin(BaseModel, kw_only=True):
    left: list[str]
    right: list[str]


class Column(BaseModel, kw_only=True):
    path: list[str | int] | None = None
    label: str | None = None


class ChartConfig(BaseModel, kw_only=True):
    x_axis: str
    y_axis: str
    plot_type: Literal["scatter", "line", "bar"] | None = None
    bin_count: int | None = None
    aggregation: Literal["average", "sum", "min", "max", "p95", "p99"] | None = None
    group_keys: list[str] | None = None
    custom_name: str | None = None


class ObjectVersionGroup(BaseModel, kw_only=True):
    label: str
    base_ref: str
    versions: list[str] | Literal["*"]
    show_version_indicator: bool


class ObjectConfig(BaseModel, kw_only=True):
    version_groups: list[ObjectVersionGroup] | None = None
    display_name_map: dict[str, str] | None = None
    deselected: list[str] | None = None


class DynamicLeaderboardColumnConfig(BaseModel, kw_only=True):
    evaluation_object_ref: str | None = None
    scorer_name: str | None = None
    display_name: str | None = None
    summary_metric_path: str | None = None
    should_minimize: bool | None = None
    deselected: bool | None = None


class DynamicLeaderboardConfig(BaseModel, kw_only=True):
    model_configuration: ObjectConfig | None = None
    dataset_configuration: ObjectConfig | None = None
    scorer_configuration: ObjectConfig | None = None
    columns_configuration: list[DynamicLeaderboardColumnConfig] | None = None


class SortBy(BaseModel, kw_only=True):
    field: str
    direction: Literal["asc", "desc"]


class CallsFilter(BaseModel, kw_only=True):
    op_names: list[str] | None = None
    input_refs: list[str] | None = None
    output_refs: list[str] | None = None
    parent_ids: list[str] | None = None
    trace_ids: list[str] | None = None
    call_ids: list[str] | None = None
    thread_ids: list[str] | None = None
    turn_ids: list[str] | None = None
    trace_roots_only: bool | None = None
    wb_user_ids: list[str] | None = None
    wb_run_ids: list[str] | None = None


class SavedViewDefinition(BaseModel, kw_only=True):
    filter: CallsFilter | None = None
    query: dict[str, Any] | None = None
    cols: dict[str, bool] | None = None
    columns: list[Column] | None = None
    column_order: list[str] | None = None
    expand_columns: list[str] | None = None
    header_depth: int | None = None
    pin: Pin | None = None
    sort_by: list[SortBy] | None = None
    page: int | None = None
    page_size: int | None = None
    charts: list[ChartConfig] | None = None
    dataset_selector: str | None = None
    evaluation_selector: str | None = None
    dynamic_leaderboard_config: DynamicLeaderboardConfig | None = None

    def check(self) -> None:
        if self.query is not None and self.query.keys() != {"$expr"}:
            raise BadRequest("`query` must be a map with `$expr` alone")


class SavedView(BaseObject, kw_only=True):
    view_type: str
    label: str
    definition: SavedViewDefinition


class ComparisonViewDefinition(BaseModel, kw_only=True):
    evaluation_call_ids: list[str]
    selected_metrics: list[str] | None = None
    column_visibility: dict[str, bool] | None = None


class ComparisonView(BaseObject, kw_only=True):
    label: str
    definition: ComparisonViewDefinition


class DashboardConfigModel(BaseModel, kw_only=True, forbid_unknown_fields=True):
    """Parts of dashboards know all their fields."""


class PanelGridLayout(DashboardConfigModel, kw_only=True, forbid_unknown_fields=True):
    x: Annotated[int, Meta(ge=0, lt=_LINES)]
    y: Annotated[int, Meta(ge=0)]
    w: Annotated[int, Meta(ge=1, le=_LINES)]
    h: Annotated[int, Meta(ge=1)]

    def check(self) -> None:
        if self.x + self.w > _LINES:
            raise BadRequest(f"A panel ends behind the {_LINES} columns of the dashboard")


class PanelQueryConfig(DashboardConfigModel, kw_only=True, forbid_unknown_fields=True):
    version: Annotated[int, Meta(ge=1, le=1)] = 1
    metric: Text
    filter: str = ""
    format: Literal["number", "percent", "cost", "duration"] | None = None


class KpiPanelQueryConfig(PanelQueryConfig, kw_only=True, forbid_unknown_fields=True):
    pass


class TimelinePanelQueryConfig(PanelQueryConfig, kw_only=True, forbid_unknown_fields=True):
    group_by: str | None = field(default=None, name="groupBy")
    limit: Count | None = None


class BreakdownPanelQueryConfig(PanelQueryConfig, kw_only=True, forbid_unknown_fields=True):
    group_by: Text = field(name="groupBy")
    limit: Count = 6


class KpiPanelSettings(DashboardConfigModel, kw_only=True, forbid_unknown_fields=True):
    query: KpiPanelQueryConfig
    title: str | None = None


class TimelinePanelSettings(DashboardConfigModel, kw_only=True, forbid_unknown_fields=True):
    query: TimelinePanelQueryConfig
    title: str | None = None


class BreakdownPanelSettings(DashboardConfigModel, kw_only=True, forbid_unknown_fields=True):
    query: BreakdownPanelQueryConfig
    title: str | None = None


class DashboardPanelBase(
    DashboardConfigModel, kw_only=True, forbid_unknown_fields=True, tag_field="panel_type"
):
    id: Text
    layout: PanelGridLayout


class KpiDashboardPanel(DashboardPanelBase, kw_only=True, forbid_unknown_fields=True, tag="kpi"):
    settings: KpiPanelSettings


class TimelineDashboardPanel(
    DashboardPanelBase, kw_only=True, forbid_unknown_fields=True, tag="timeline"
):
    settings: TimelinePanelSettings


class BreakdownDashboardPanel(
    DashboardPanelBase, kw_only=True, forbid_unknown_fields=True, tag="breakdown"
):
    settings: BreakdownPanelSettings


class AgentDashboardDefinition(DashboardConfigModel, kw_only=True, forbid_unknown_fields=True):
    panels: list[KpiDashboardPanel | TimelineDashboardPanel | BreakdownDashboardPanel]


class AgentDashboard(BaseObject, kw_only=True):
    label: str
    definition: AgentDashboardDefinition


class WeaveMetricThresholdSpec(BaseModel, kw_only=True):
    keeps_unknown: ClassVar[bool] = True

    alert_condition: str = "THRESHOLD"
    source_type: Literal["calls", "spans"] = "calls"
    comparison_operator: Literal["GREATER_THAN", "LESS_THAN", "EQUAL"] = "GREATER_THAN"
    metric_path: str = ""
    op_str: str = ""
    threshold: float = 0.0
    window_size: int | None = None
    window_duration: int | None = None
    monitor_ref: str | None = None
    scorer_ref: str | None = None
    aggregation_function: Literal["mean", "median", "min", "max", "mode", "percentage", "count"] = (
        "mean"
    )
    status_match_value: str | None = None


class AlertSpec(BaseObject, kw_only=True):
    op_scope: list[str] | None = None
    spec: WeaveMetricThresholdSpec = field(default_factory=WeaveMetricThresholdSpec)


class Provider(BaseObject, kw_only=True):
    base_url: str
    api_key_name: str
    extra_headers: dict[str, str] = field(default_factory=dict[str, str])
    return_type: Literal["openai"] = "openai"

    def check(self) -> None:
        try:
            parts = urlsplit(self.base_url)
            plain = parts.scheme in {"http", "https"} and parts.hostname
        except ValueError:
            plain = False
        if not plain or set(self.base_url) & set("?#"):
            raise BadRequest(
                "`base_url` must be an address of http or https, without query and fragment"
            )
        for header in self.extra_headers:
            if _METADATA_HEADER.fullmatch(header):
                raise BadRequest(f"`extra_headers` may not hold `{header}`")


class ProviderModel(BaseObject, kw_only=True):
    provider: str
    max_tokens: int


class Object(BaseModel, kw_only=True):
    """The ground of what the client's own classes are."""

    name: str | None = None
    description: str | None = None


class Model(Object, kw_only=True):
    pass


class Message(BaseModel, kw_only=True):
    role: str
    content: str | list[dict[str, Any]] | None = None
    name: str | None = None
    function_call: dict[str, Any] | None = None
    tool_call_id: str | None = None


class LLMStructuredCompletionModelDefaultParams(BaseModel, kw_only=True):
    messages_template: list[Message] | None = None
    prompt: str | None = None
    temperature: float | None = None
    top_p: float | None = None
    max_tokens: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: list[str] | None = None
    n_times: int | None = None
    functions: list[dict[str, Any]] | None = None
    response_format: Literal["json_object", "json_schema", "text"] | None = None


class LLMStructuredCompletionModel(Model, kw_only=True, forbid_unknown_fields=True):
    ref: str | None = None
    llm_model_id: str
    default_params: LLMStructuredCompletionModelDefaultParams = field(
        default_factory=LLMStructuredCompletionModelDefaultParams
    )


class TestOnlyNestedBaseModel(BaseModel, kw_only=True):
    a: int
    aliased_property: int = field(name="aliased_property_alias")


class TestOnlyNestedBaseObject(BaseObject, kw_only=True):
    b: int


class TestOnlyInheritedBaseObject(TestOnlyNestedBaseObject, kw_only=True):
    c: int
    additional_field: str = "default_value"


class TestOnlyExample(BaseObject, kw_only=True):
    primitive: int
    nested_base_model: TestOnlyNestedBaseModel
    nested_base_object: str


_CLASSES: dict[str, type[BaseModel]] = {
    known.__name__: known
    for known in (
        AgentDashboard,
        AlertSpec,
        AnnotationSpec,
        ChartConfig,
        ComparisonView,
        LLMStructuredCompletionModel,
        Leaderboard,
        Provider,
        ProviderModel,
        SavedView,
        TestOnlyExample,
        TestOnlyInheritedBaseObject,
        TestOnlyNestedBaseObject,
    )
}
NAMES = tuple(_CLASSES)


def completed(value: Any, class_name: str) -> Any:
    """A value of one of the classes, with its defaults and what it is.

    A value that says itself that it is one is kept as it was sent.

    Raises:
        BadRequest: There is no such class, or the value is none of it; the message names the place.
    """
    known = _CLASSES.get(class_name)
    if known is None:
        raise BadRequest(
            f"`{class_name[:200]}` is no class that the server knows",
            hint=f"it knows {', '.join(NAMES)}; send others without `builtin_object_class`",
        )
    if not isinstance(value, dict):
        raise BadRequest(f"A value of class {class_name} must be a map")
    fields = cast("dict[str, Any]", value)
    declared: object = fields.get("_class_name", fields.get("_type"))
    if declared is not None:
        if declared != class_name:
            raise BadRequest(
                f"The value says that it is of class `{str(declared)[:200]}`, not `{class_name}`"
            )
        return fields
    try:
        made = msgspec.convert(fields, known, strict=False)
    except (msgspec.ValidationError, ValueError, OverflowError) as error:
        raise BadRequest(f"The value is no {class_name}: {error}") from None
    return _record(made, fields)


def _record(value: Any, source: Any) -> Any:
    if isinstance(value, BaseModel):
        value.check()
        own = type(value)
        raw = cast("dict[str, Any]", source) if isinstance(source, dict) else {}
        names = dict(zip(own.__struct_fields__, own.__struct_encode_fields__, strict=True))
        record: dict[str, Any] = {"_type": own.__name__}
        tag_field = own.__struct_config__.tag_field
        if tag_field is not None and own.__struct_config__.tag is not None:
            record[tag_field] = own.__struct_config__.tag
        for name, sent in names.items():
            record[name] = _record(getattr(value, name), raw.get(sent))
        if own.keeps_unknown:
            record |= {key: item for key, item in raw.items() if key not in names.values()}
        bases = [base.__name__ for base in own.__mro__[1:] if issubclass(base, BaseModel)]
        return {**record, "_class_name": own.__name__, "_bases": bases}
    if isinstance(value, list):
        items = cast("list[Any]", value)
        raw_items = cast("list[Any]", source) if isinstance(source, list) else []
        padded = [*raw_items, *([None] * (len(items) - len(raw_items)))]
        return [_record(item, raw) for item, raw in zip(items, padded, strict=False)]
    return value
