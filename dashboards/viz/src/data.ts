// From Prometheus' answers to the frames that panels draw, in the way of Grafana's Prometheus data source.
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  type DataFrame,
  type Field,
  FieldConfigOptionsRegistry,
  FieldType,
  type GrafanaTheme2,
  standardTransformers,
  standardTransformersRegistry,
  toDataFrame,
  transformDataFrame,
} from '@grafana/data';
import { firstValueFrom } from 'rxjs';

import { bundle, type Result } from './boot';

const GAP = 1.5; // steps: a longer way between two points is a gap in the line

export const asIs = (text: string) => text;

export function prepareTransformations() {
  const byId = new Map(Object.values(standardTransformers).map((info: any) => [info.id, info]));
  standardTransformersRegistry.setInit(() =>
    [...byId.values()].map(
      (info) =>
        ({ id: info.id, name: info.name, transformation: () => Promise.resolve(info), editor: () => null }) as any
    )
  );
}

/** The panel's frames: queries, transformations, field configuration. */
export async function framesOf(panel: any, theme: GrafanaTheme2): Promise<DataFrame[]> {
  const raw = (panel.targets ?? []).flatMap((_: unknown, index: number) => frames(bundle.results[`${panel.id}.${index}`], panel.targets.length === 1));
  const shaped = panel.transformations?.length
    ? await firstValueFrom(transformDataFrame(panel.transformations, raw))
    : raw;
  const fieldConfig = panel.fieldConfig;
  const data = applyFieldOverrides({
    data: shaped,
    fieldConfig,
    fieldConfigRegistry: registryOf(fieldConfig),
    replaceVariables: asIs,
    theme,
    timeZone: 'utc',
  });
  cacheFieldDisplayNames(data);
  return data;
}

function frames(result: Result | undefined, alone: boolean): DataFrame[] {
  if (!result || result.error) {
    return [];
  }
  return result.format === 'table' ? tableFrame(result, alone) : result.series.map((series) => lineFrame(result, series));
}

function lineFrame(result: Result, series: Result['series'][number]): DataFrame {
  const times: number[] = [];
  const values: Array<number | null> = [];
  let last = 0;
  for (const [time, value] of series.points) {
    if (last && time - last > result.step * GAP) {
      times.push((last + result.step) * 1000);
      values.push(null);
    }
    times.push(time * 1000);
    values.push(value);
    last = time;
  }
  const name = legendOf(result.legend, series.labels);
  return toDataFrame({
    refId: result.refId,
    name,
    meta: { type: 'timeseries-multi' },
    fields: [
      { name: 'Time', type: FieldType.time, values: times, config: { interval: result.step * 1000 } },
      { name: 'Value', type: FieldType.number, values, labels: series.labels, config: { displayNameFromDS: name } },
    ],
  });
}

function tableFrame(result: Result, alone: boolean): DataFrame[] {
  if (!result.series.length) {
    return [];
  }
  const labels = [...new Set(result.series.flatMap((series) => Object.keys(series.labels)))].sort();
  const last = result.series.map((series) => series.points[series.points.length - 1]);
  return [
    toDataFrame({
      refId: result.refId,
      fields: [
        { name: 'Time', type: FieldType.time, values: last.map(([time]) => time * 1000), config: {} },
        ...labels.map((label) => ({
          name: label,
          type: FieldType.string,
          values: result.series.map((series) => series.labels[label] ?? ''),
          config: {},
        })),
        { name: alone ? 'Value' : `Value #${result.refId}`, type: FieldType.number, values: last.map(([, value]) => value), config: {} },
      ],
    }),
  ];
}

function legendOf(template: string, labels: Record<string, string>): string {
  if (template && template !== '__auto') {
    return template.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label) => labels[label] ?? '');
  }
  const { __name__: name = '', ...rest } = labels;
  const inside = Object.entries(rest).map(([label, value]) => `${label}="${value}"`);
  return inside.length ? `${name}{${inside.join(', ')}}` : name || 'Value';
}

const STANDARD = 'unit min max fieldMinMax decimals displayName color noValue thresholds mappings links filterable'.split(' ');

/** Grafana's core registers these items per plugin; without them defaults and overrides would be dropped. */
function registryOf(fieldConfig: any): FieldConfigOptionsRegistry {
  const custom = new Set<string>(Object.keys(fieldConfig.defaults.custom ?? {}));
  for (const rule of fieldConfig.overrides) {
    for (const property of rule.properties) {
      if (property.id.startsWith('custom.')) {
        custom.add(property.id.slice('custom.'.length));
      }
    }
  }
  const item = (id: string, path: string, isCustom: boolean): any => ({
    id,
    path,
    name: id,
    isCustom,
    process: (value: unknown) => value,
    shouldApply: (field: Field) => isCustom || field.type !== FieldType.time || id !== 'unit',
    override: () => null,
    editor: () => null,
  });
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map((id) => item(id, id, false)),
    ...[...custom].map((path) => item(`custom.${path}`, path, true)),
  ]);
}
