// Panels whose drawing is not published on npm: drawn here, with Grafana's field display for every text and colour.
import { type DataFrame, type Field, FieldType, type GrafanaTheme2 } from '@grafana/data';
import * as React from 'react';

import { bundle } from './boot';

interface Size {
  width: number;
  height: number;
  theme: GrafanaTheme2;
}
const AXIS = 22;

const number = (frame: DataFrame): Field => frame.fields.find((field) => field.type === FieldType.number)!;
const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16);

function ticks(width: number): number[] {
  const span = bundle.to - bundle.from;
  const steps = [5, 10, 15, 30, 60, 120, 180, 360].map((minutes) => minutes * 60_000);
  const step = steps.find((candidate) => (span / candidate) * 70 < width) ?? steps[steps.length - 1];
  const first = Math.ceil(bundle.from / step) * step;
  return Array.from({ length: Math.floor((bundle.to - first) / step) + 1 }, (_, index) => first + index * step);
}

function TimeAxis({ left, width, top, theme }: { left: number; width: number; top: number; theme: GrafanaTheme2 }) {
  return (
    <g fill={theme.colors.text.secondary} fontSize={12} textAnchor="middle" fontFamily={theme.typography.fontFamily}>
      {ticks(width).map((time) => {
        const x = left + ((time - bundle.from) / (bundle.to - bundle.from)) * width;
        return x < left + 16 || x > left + width - 16 ? null : (
          <text key={time} x={x} y={top + 16}>
            {clock(time)}
          </text>
        );
      })}
    </g>
  );
}

export function Gauge({ value, field, width, height, theme }: Size & { value: any; field: any }) {
  const radius = Math.min(width / 2, height * 0.62) - 8;
  const [cx, cy] = [width / 2, height * 0.5 + radius * 0.38];
  const thickness = radius * 0.26;
  const span = (field.max ?? 1) - (field.min ?? 0);
  const share = value.numeric == null || Number.isNaN(value.numeric) ? 0 : (value.numeric - (field.min ?? 0)) / span;
  const arc = (from: number, to: number, r: number) => {
    const at = (part: number) => {
      const angle = Math.PI * (1 + part * 1) ;
      return `${cx + r * Math.cos(angle)} ${cy + r * Math.sin(angle)}`;
    };
    return `M ${at(from)} A ${r} ${r} 0 0 1 ${at(to)}`;
  };
  const filled = Math.max(0, Math.min(1, share));
  return (
    <svg width={width} height={height} data-color={value.color}>
      <path d={arc(0, 1, radius)} stroke={theme.colors.background.secondary} strokeWidth={thickness} fill="none" />
      {filled > 0 && <path d={arc(0, filled, radius)} stroke={value.color} strokeWidth={thickness} fill="none" />}
      <text
        x={cx}
        y={cy - radius * 0.1}
        textAnchor="middle"
        fontSize={Math.min(radius * 0.42, 34)}
        fontWeight={500}
        fontFamily={theme.typography.fontFamily}
        fill={value.color}
      >
        {value.text}
        {value.suffix ?? ''}
      </text>
    </svg>
  );
}

interface Segment {
  from: number;
  to: number;
  text: string;
  color: string;
}

/** Neighbours with the same words are one state. */
function segments(frame: DataFrame): Segment[] {
  const time = frame.fields.find((field) => field.type === FieldType.time)!;
  const values = number(frame);
  const step = (time.config.interval as number) ?? 60_000;
  const found: Segment[] = [];
  values.values.forEach((value: number | null, index: number) => {
    const shown = values.display!(value);
    const from = Math.max(bundle.from, time.values[index] - step / 2);
    const to = Math.min(bundle.to, time.values[index] + step / 2);
    const last = found[found.length - 1];
    if (value === null) {
      return;
    }
    if (last && last.text === shown.text && from - last.to < step) {
      last.to = to;
    } else {
      found.push({ from, to, text: shown.text, color: shown.color! });
    }
  });
  return found;
}

export function StateTimeline({ frames, width, height, theme, rowHeight }: Size & { frames: DataFrame[]; rowHeight: number }) {
  const names = frames.map((frame) => number(frame).state?.displayName ?? '');
  const left = 14 + Math.max(0, ...names.map((name) => name.length)) * 7;
  const [room, lane] = [width - left - 8, (height - AXIS) / Math.max(1, frames.length)];
  const x = (time: number) => left + ((time - bundle.from) / (bundle.to - bundle.from)) * room;
  const band = Math.min(lane * rowHeight, 44);
  return (
    <svg width={width} height={height} fontFamily={theme.typography.fontFamily} fontSize={12}>
      {frames.map((frame, row) => {
        const middle = row * lane + lane / 2;
        return (
          <g key={row}>
            <text x={left - 8} y={middle + 4} textAnchor="end" fill={theme.colors.text.primary}>
              {names[row]}
            </text>
            {segments(frame).map((segment, index) => {
              const wide = Math.max(1, x(segment.to) - x(segment.from));
              return (
                <g key={index}>
                  <rect x={x(segment.from)} y={middle - band / 2} width={wide} height={band} fill={segment.color} fillOpacity={0.85} />
                  {wide > segment.text.length * 7 + 8 && (
                    <text
                      x={x(segment.from) + wide / 2}
                      y={middle + 4}
                      textAnchor="middle"
                      fill={theme.colors.getContrastText(segment.color, 2.5)}
                    >
                      {segment.text}
                    </text>
                  )}
                </g>
              );
            })}
          </g>
        );
      })}
      <TimeAxis left={left} width={room} top={height - AXIS} theme={theme} />
    </svg>
  );
}

const VIRIDIS = ['#440154', '#482878', '#3e4a89', '#31688e', '#26828e', '#1f9e89', '#35b779', '#6ece58', '#b5de2b', '#fde725'];

function mixed(share: number): string {
  const at = Math.min(0.9999, Math.max(0, share)) * (VIRIDIS.length - 1);
  const [low, high] = [VIRIDIS[Math.floor(at)], VIRIDIS[Math.floor(at) + 1]];
  const part = (color: string, index: number) => parseInt(color.slice(1 + index * 2, 3 + index * 2), 16);
  const rest = at - Math.floor(at);
  return `rgb(${[0, 1, 2].map((i) => Math.round(part(low, i) + (part(high, i) - part(low, i)) * rest)).join(',')})`;
}

export function Heatmap({ frames, options, width, height, theme }: Size & { frames: DataFrame[]; options: any }) {
  const bound = (frame: DataFrame) => Number((number(frame).labels?.le ?? '0').replace('+Inf', 'Infinity'));
  const rows = [...frames].sort((one, other) => bound(one) - bound(other));
  const cells = rows.flatMap((frame, row) => {
    const time = frame.fields[0].values;
    const below = row ? new Map(rows[row - 1].fields[0].values.map((t: number, i: number) => [t, number(rows[row - 1]).values[i]])) : new Map();
    return time.map((t: number, i: number) => ({ row, t, count: (number(frame).values[i] ?? 0) - (below.get(t) ?? 0) }));
  });
  const shown = cells.filter((cell) => cell.count > (options.filterValues?.le ?? 0));
  const most = Math.max(1e-9, ...shown.map((cell) => cell.count));
  const step = (rows[0]?.fields[0].config.interval as number) ?? 60_000;
  const LEGEND = 34;
  const [left, lane] = [52, (height - AXIS - LEGEND) / Math.max(1, rows.length)];
  const room = width - left - 8;
  const per = (room * step) / (bundle.to - bundle.from);
  const label = (frame: DataFrame) => {
    const value = bound(frame);
    return value === Infinity ? '+Inf' : options.yAxis?.unit !== 's' ? `${value}` : value < 60 ? `${value} s` : `${value / 60} min`;
  };
  return (
    <svg width={width} height={height} fontFamily={theme.typography.fontFamily} fontSize={12}>
      {shown.map((cell, index) => (
        <rect
          key={index}
          x={Math.max(left, left + ((cell.t - bundle.from) / (bundle.to - bundle.from)) * room - per)}
          y={(rows.length - 1 - cell.row) * lane}
          width={Math.max(1, per - 1)}
          height={Math.max(1, lane - 1)}
          fill={mixed(Math.pow(cell.count / most, options.color?.exponent ?? 1))}
        />
      ))}
      {rows.map((frame, row) => (
        <text key={row} x={left - 8} y={(rows.length - row) * lane + 1} textAnchor="end" fill={theme.colors.text.secondary}>
          {lane > 14 || row % 2 === 0 ? label(frame) : ''}
        </text>
      ))}
      <TimeAxis left={left} width={room} top={height - AXIS - LEGEND} theme={theme} />
      {VIRIDIS.map((_, index) => (
        <rect key={index} x={left + index * 20} y={height - 12} width={20} height={8} fill={mixed(Math.pow(index / 9, 1))} />
      ))}
      <text x={left - 8} y={height - 4} textAnchor="end" fill={theme.colors.text.secondary}>
        0
      </text>
      <text x={left + 206} y={height - 4} fill={theme.colors.text.secondary}>
        {Math.round(most)}
      </text>
    </svg>
  );
}
