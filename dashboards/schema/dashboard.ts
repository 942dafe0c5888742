// A dashboard as Grafana's own types have it, without their loose places: each panel type is bound to the options
// and the field configuration of its plugin, so that a misspelt option is an error instead of a silent default.
//
// The package's `exports` hide these files, hence the relative paths.
import type * as D from './node_modules/@grafana/schema/dist/types/raw/dashboard/x/types.gen';
import type * as TimeSeries from './node_modules/@grafana/schema/dist/types/raw/composable/timeseries/panelcfg/x/types.gen';
import type * as Stat from './node_modules/@grafana/schema/dist/types/raw/composable/stat/panelcfg/x/types.gen';
import type * as Gauge from './node_modules/@grafana/schema/dist/types/raw/composable/gauge/panelcfg/x/types.gen';
import type * as BarGauge from './node_modules/@grafana/schema/dist/types/raw/composable/bargauge/panelcfg/x/types.gen';
import type * as Table from './node_modules/@grafana/schema/dist/types/raw/composable/table/panelcfg/x/types.gen';
import type * as Heatmap from './node_modules/@grafana/schema/dist/types/raw/composable/heatmap/panelcfg/x/types.gen';
import type * as StateTimeline from './node_modules/@grafana/schema/dist/types/raw/composable/statetimeline/panelcfg/x/types.gen';
import type * as StatusHistory from './node_modules/@grafana/schema/dist/types/raw/composable/statushistory/panelcfg/x/types.gen';
import type * as Text from './node_modules/@grafana/schema/dist/types/raw/composable/text/panelcfg/x/types.gen';
import type * as Logs from './node_modules/@grafana/schema/dist/types/raw/composable/logs/panelcfg/x/types.gen';
import type * as PieChart from './node_modules/@grafana/schema/dist/types/raw/composable/piechart/panelcfg/x/types.gen';
import type * as BarChart from './node_modules/@grafana/schema/dist/types/raw/composable/barchart/panelcfg/x/types.gen';
import type * as Histogram from './node_modules/@grafana/schema/dist/types/raw/composable/histogram/panelcfg/x/types.gen';

/** Both parts: a reference by type or by uid alone is resolved differently by each import route. */
interface Source {
  type: string;
  uid: string;
}

/** A Prometheus query; the package publishes no type for it. */
interface PrometheusTarget {
  datasource: Source;
  editorMode: 'code' | 'builder';
  exemplar?: boolean;
  expr: string;
  format: 'time_series' | 'table' | 'heatmap';
  hide?: boolean;
  instant: boolean;
  interval?: string;
  legendFormat: string;
  range: boolean;
  refId: string;
}

interface Matched {
  matcher: D.MatcherConfig;
  properties: Array<{ id: string; value?: unknown }>;
}

interface Link {
  title: string;
  url: string;
  targetBlank?: boolean;
}

type Defaults<Custom> = Omit<D.FieldConfig, 'custom' | 'links'> & { custom?: Custom; links?: Link[] };

interface Fields<Custom> {
  defaults: Defaults<Custom>;
  overrides: Matched[];
}

interface P<Type extends string, Options, Custom> {
  type: Type;
  id: number;
  title: string;
  description: string;
  gridPos: D.GridPos;
  options: Options;
  fieldConfig?: Fields<Partial<Custom>>;
  datasource?: Source;
  targets?: PrometheusTarget[];
  transformations?: D.DataTransformerConfig[];
  links?: D.DashboardLink[];
  interval?: string;
  maxDataPoints?: number;
  maxPerRow?: number;
  pluginVersion?: string;
  repeat?: string;
  repeatDirection?: 'h' | 'v';
  timeFrom?: string;
  timeShift?: string;
  hideTimeOverride?: boolean;
  transparent?: boolean;
}

/** Grafana's alert list; its options are not in the package. */
interface AlertListOptions {
  alertInstanceLabelFilter: string;
  alertName: string;
  dashboardAlerts: boolean;
  datasource?: string;
  folder?: { id?: number; title?: string; uid?: string };
  groupBy: string[];
  groupMode: 'default' | 'custom';
  maxItems: number;
  showInstances?: boolean;
  sortOrder: 1 | 2 | 3 | 4 | 5;
  stateFilter: {
    error?: boolean;
    firing?: boolean;
    noData?: boolean;
    normal?: boolean;
    pending?: boolean;
    recovering?: boolean;
  };
  viewMode: 'list' | 'stat';
}

type None = Record<string, never>;

export type StrictPanel =
  | P<'timeseries', TimeSeries.Options, TimeSeries.FieldConfig>
  | P<'state-timeline', StateTimeline.Options, StateTimeline.FieldConfig>
  | P<'status-history', StatusHistory.Options, StatusHistory.FieldConfig>
  | P<'histogram', Histogram.Options, Histogram.FieldConfig>
  | P<'stat', Partial<Stat.Options>, None>
  | P<'gauge', Partial<Gauge.Options>, None>
  | P<'bargauge', Partial<BarGauge.Options>, None>
  | P<'table', Partial<Table.Options>, Table.FieldConfig>
  | P<'heatmap', Partial<Heatmap.Options>, Heatmap.FieldConfig>
  | P<'text', Partial<Text.Options>, None>
  | P<'logs', Partial<Logs.Options>, None>
  | P<'piechart', Partial<PieChart.Options>, PieChart.FieldConfig>
  | P<'barchart', Partial<BarChart.Options>, BarChart.FieldConfig>
  | P<'alertlist', AlertListOptions, None>;

interface Row {
  type: 'row';
  id: number;
  title: string;
  collapsed: boolean;
  gridPos: D.GridPos;
  panels: StrictPanel[];
  repeat?: string;
}

interface QueryVariable extends Omit<D.VariableModel, 'type' | 'datasource' | 'query' | 'current'> {
  type: 'query';
  datasource: Source;
  definition: string;
  query: { qryType: number; query: string; refId: string };
  current: { selected: boolean; text: string | string[]; value: string | string[] };
}

interface SourceVariable extends Omit<D.VariableModel, 'type' | 'datasource' | 'query' | 'current'> {
  type: 'datasource';
  query: string;
  current: { selected: boolean; text: string; value: string };
}

/** The Prometheus data source's own keys of an annotation are not in the package. */
interface Annotation extends Omit<D.AnnotationQuery, 'datasource'> {
  datasource: Source;
  expr?: string;
  step?: string;
  titleFormat?: string;
  textFormat?: string;
  tagKeys?: string;
  useValueForTime?: boolean;
}

type Loose = 'id' | 'uid' | 'title' | 'description' | 'tags' | 'refresh' | 'time' | 'panels' | 'templating' | 'annotations' | 'snapshot';

export interface StrictDashboard extends Omit<D.Dashboard, Loose> {
  /** A number here updates whichever dashboard has it. */
  id: null;
  uid: string;
  title: string;
  description: string;
  tags: string[];
  refresh: string;
  time: { from: string; to: string };
  panels: Array<StrictPanel | Row>;
  templating: { list: Array<QueryVariable | SourceVariable> };
  annotations: { list: Annotation[] };
}
