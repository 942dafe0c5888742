// One panel, drawn by Grafana's own components where they are published.
import {
  type DataFrame,
  dateTime,
  EventBusSrv,
  FieldType,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  type GrafanaTheme2,
  renderMarkdown,
  VizOrientation,
} from '@grafana/data';
import { BarGauge, BigValue, PanelContextProvider, TimeSeries } from '@grafana/ui';
import { TableNG } from '@grafana/ui/unstable';
import * as React from 'react';

import { bundle } from './boot';
import { asIs } from './data';
import { Gauge, Heatmap, StateTimeline } from './drawn';

interface Props {
  panel: any;
  frames: DataFrame[];
  width: number;
  height: number;
  theme: GrafanaTheme2;
}
const context: any = { eventsScope: 'page', eventBus: new EventBusSrv(), sync: () => 0, canAddAnnotations: () => false };
const range = { from: dateTime(bundle.from), to: dateTime(bundle.to), raw: { from: dateTime(bundle.from), to: dateTime(bundle.to) } };

export function Visualization(props: Props) {
  const { panel, frames, width, height, theme } = props;
  switch (panel.type) {
    case 'timeseries':
      return <Lines {...props} />;
    case 'stat':
    case 'gauge':
    case 'bargauge':
      return <Single {...props} />;
    case 'table':
      return frames.length ? <TableOf {...props} /> : <Nothing />;
    case 'state-timeline':
      return frames.length ? (
        <StateTimeline frames={frames} width={width} height={height} theme={theme} rowHeight={panel.options.rowHeight} />
      ) : (
        <Nothing />
      );
    case 'heatmap':
      return frames.length ? (
        <Heatmap frames={frames} options={panel.options} width={width} height={height} theme={theme} />
      ) : (
        <Nothing />
      );
    case 'text':
      return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: renderMarkdown(panel.options.content) }} />;
    default:
      throw new Error(`no drawing for panels of type ${panel.type}`);
  }
}

function Nothing() {
  return (
    <div className="nothing" data-nodata>
      No data
    </div>
  );
}

function Lines({ panel, frames, width, height }: Props) {
  if (!frames.some((frame) => frame.length > 0)) {
    return <Nothing />;
  }
  return (
    <PanelContextProvider value={context}>
      <TimeSeries
        frames={frames}
        timeRange={range}
        timeZone="utc"
        width={width}
        height={height}
        legend={panel.options.legend}
        options={panel.options}
      />
    </PanelContextProvider>
  );
}

function Single({ panel, frames, width, height, theme }: Props) {
  const { options, fieldConfig } = panel;
  const values = getFieldDisplayValues({
    data: frames,
    fieldConfig,
    reduceOptions: options.reduceOptions,
    replaceVariables: asIs,
    theme,
    timeZone: 'utc',
    sparkline: panel.type === 'stat' && options.graphMode !== 'none',
  });
  const stacked = panel.type === 'bargauge';
  const each = stacked ? width : width / values.length;
  const tall = stacked ? height / values.length : height;
  return (
    <div style={{ display: 'flex', flexDirection: stacked ? 'column' : 'row' }}>
      {values.map((value, index) => {
        const empty = value.display.numeric == null || Number.isNaN(value.display.numeric);
        return (
          <div key={index} data-value={value.display.text} data-color={value.display.color} {...(empty ? { 'data-nodata': true } : {})}>
            {panel.type === 'stat' && (
              <BigValue
                value={{ ...value.display, title: values.length > 1 ? value.display.title : undefined }}
                sparkline={value.sparkline}
                colorMode={options.colorMode}
                graphMode={options.graphMode}
                justifyMode={options.justifyMode}
                textMode={options.textMode}
                width={each}
                height={height}
                theme={theme}
                disableWideLayout={!options.wideLayout}
              />
            )}
            {panel.type === 'gauge' && <Gauge value={value.display} field={value.field} width={each} height={height} theme={theme} />}
            {panel.type === 'bargauge' && (
              <BarGauge
                value={value.display}
                field={value.field}
                display={value.view?.getFieldDisplayProcessor(value.colIndex ?? 0)}
                displayMode={options.displayMode}
                orientation={VizOrientation.Horizontal}
                width={each}
                height={tall - 4}
                valueDisplayMode={options.valueMode}
                namePlacement={options.namePlacement}
                text={options.text}
                showUnfilled={options.showUnfilled}
                alignmentFactors={getDisplayValueAlignmentFactors(values)}
                theme={theme}
              />
            )}
          </div>
        );
      })}
    </div>
  );
}

function TableOf({ panel, frames, width, height }: Props) {
  const [frame] = frames;
  const hidden = frame.fields.filter((field) => field.type === FieldType.time && field.name === 'Time');
  return (
    <PanelContextProvider value={context}>
      <TableNG
        data={hidden.length ? { ...frame, fields: frame.fields.filter((field) => !hidden.includes(field)) } : frame}
        width={width}
        height={height}
        sortBy={panel.options.sortBy}
        cellHeight={panel.options.cellHeight}
        fieldConfig={panel.fieldConfig}
        noValue={panel.fieldConfig.defaults.noValue}
        enableVirtualization={false}
      />
    </PanelContextProvider>
  );
}
