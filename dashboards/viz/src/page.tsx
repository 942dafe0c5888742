// A whole board on one page, and what the driver asserts about it, in `data-` attributes of the body.
import { bundle } from './boot';

import { createTheme, type DataFrame, LoadingState, ThemeContext as DataThemeContext } from '@grafana/data';
import { GlobalStyles, PanelChrome, ThemeContext } from '@grafana/ui';
import gridStyles from '@grafana/react-data-grid/lib/styles.css';
import * as React from 'react';
import { createRoot } from 'react-dom/client';
import plotStyles from 'uplot/dist/uPlot.min.css';

import { framesOf, prepareTransformations } from './data';
import { Visualization } from './panels';
import pageStyles from './page.css';

const [COLUMNS, ROW, GAP, MARGIN, HEAD] = [24, 30, 8, 12, 48];
const ROUNDED = 4; // pixels that a text may be wider without losing a letter
const BARS = 12; // Grafana gives all names of bars the room of the one with most letters, which may be a narrow one
const SETTLED = 1500; // milliseconds after which everything has its size
const theme = createTheme({
  colors: { mode: bundle.theme },
  typography: { fontFamily: 'Letters, Inter, Roboto, sans-serif' },
});
const inner = document.documentElement.clientWidth - 2 * MARGIN;
const column = (inner - (COLUMNS - 1) * GAP) / COLUMNS;
const place = ({ x, y, w, h }: any) => ({
  left: MARGIN + x * (column + GAP),
  top: HEAD + y * (ROW + GAP),
  width: w * column + (w - 1) * GAP,
  height: h * ROW + (h - 1) * GAP,
});

class Boundary extends React.Component<{ title: string; children: React.ReactNode }, { error?: Error }> {
  state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  render() {
    const { error } = this.state;
    return error ? <div data-error={`${this.props.title}: ${error.message}`}>{error.message}</div> : this.props.children;
  }
}

function Panel({ panel, frames }: { panel: any; frames: DataFrame[] }) {
  const { left, top, width, height } = place(panel.gridPos);
  return (
    <div className="panel" data-panel={panel.title} style={{ position: 'absolute', left, top }}>
      <Boundary title={panel.title}>
        <PanelChrome
          title={panel.title}
          description={panel.description}
          width={width}
          height={height}
          loadingState={LoadingState.Done}
          padding={['table', 'stat'].includes(panel.type) ? 'none' : 'md'}
        >
          {(innerWidth, innerHeight) => (
            <Boundary title={panel.title}>
              <Visualization panel={panel} frames={frames} width={innerWidth} height={innerHeight} theme={theme} />
            </Boundary>
          )}
        </PanelChrome>
      </Boundary>
    </div>
  );
}

function Row({ row }: { row: any }) {
  const { left, top, width, height } = place(row.gridPos);
  return (
    <div className="board-row" style={{ left, top, width, height, color: theme.colors.text.primary }}>
      <span className="arrow">{row.collapsed ? '›' : '⌄'}</span>
      {row.title}
      {row.collapsed && <span style={{ color: theme.colors.text.secondary, fontWeight: 400 }}>&nbsp;({row.panels.length} panels)</span>}
    </div>
  );
}

function Head() {
  const day = new Date(bundle.to).toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });
  const clock = (ms: number) => new Date(ms).toISOString().slice(11, 16);
  return (
    <div className="head" style={{ left: MARGIN, width: inner, color: theme.colors.text.primary }}>
      <span>{bundle.dashboard.title}</span>
      <span style={{ color: theme.colors.text.secondary, fontWeight: 400 }}>
        {day}, {clock(bundle.from)} to {clock(bundle.to)} UTC
      </span>
    </div>
  );
}

function Page({ drawn }: { drawn: Array<{ panel: any; frames: DataFrame[] }> }) {
  return (
    <ThemeContext.Provider value={theme}>
      <DataThemeContext.Provider value={theme}>
        <GlobalStyles />
        <style>{`${plotStyles}\n${gridStyles}\n${pageStyles}\nbody{background:${theme.colors.background.canvas}}`}</style>
        <Head />
        {bundle.dashboard.panels.filter((panel: any) => panel.type === 'row').map((row: any) => <Row key={row.id} row={row} />)}
        {drawn.map(({ panel, frames }) => <Panel key={panel.id} panel={panel} frames={frames} />)}
      </DataThemeContext.Provider>
    </ThemeContext.Provider>
  );
}

/** Elements that hold more than they show, and words that end in dots; tables have columns that a reader can widen. */
function clipped(): string[] {
  const found: string[] = [];
  const bars = new Set(bundle.dashboard.panels.filter((panel: any) => panel.type === 'bargauge').map((panel: any) => panel.title));
  document.querySelectorAll<HTMLElement>('.panel *').forEach((element) => {
    const style = getComputedStyle(element);
    const hides = /auto|hidden|scroll/.test(style.overflowY) && element.clientHeight > 2 /* not those for screen readers */ && style.visibility !== 'hidden';
    const cut = style.textOverflow === 'ellipsis' && element.scrollWidth > element.clientWidth + (bars.has(element.closest<HTMLElement>('[data-panel]')!.dataset.panel) ? BARS : ROUNDED) && !element.closest('[role=grid]');
    if (cut) {
      found.push(`${element.closest<HTMLElement>('[data-panel]')!.dataset.panel}: "${element.textContent}" has no room`);
    }
    if (hides && element.scrollHeight > element.clientHeight + 3) {
      const panel = element.closest<HTMLElement>('[data-panel]')!.dataset.panel;
      found.push(`${panel}: ${element.tagName.toLowerCase()} shows ${element.clientHeight} of ${element.scrollHeight} px`);
    }
  });
  return [...new Set(found)];
}

function report(drawn: Array<{ panel: any }>) {
  const texts = (selector: string, key: string) =>
    [...document.querySelectorAll<HTMLElement>(selector)].map((element) => element.dataset[key] ?? '');
  const facts = {
    panels: document.querySelectorAll('[data-panel]').length,
    expected: drawn.length,
    errors: texts('[data-error]', 'error'),
    nodata: [...document.querySelectorAll<HTMLElement>('[data-nodata]')].map((e) => e.closest<HTMLElement>('[data-panel]')!.dataset.panel),
    clipped: clipped(),
    singles: [...document.querySelectorAll<HTMLElement>('[data-value]')].map((e) => ({
      panel: e.closest<HTMLElement>('[data-panel]')!.dataset.panel,
      text: e.dataset.value,
      color: e.dataset.color,
    })),
  };
  const script = document.createElement('script');
  script.id = 'facts';
  script.type = 'application/json';
  script.textContent = JSON.stringify(facts);
  document.body.appendChild(script);
}

/** Grafana measures texts in "Inter" and nothing else: without that font it must mean the letters that are drawn. */
async function letters() {
  const font = new FontFace('Inter', "local('Inter'), local('Inter Regular'), local('DejaVu Sans'), local('Liberation Sans'), local('Arial')");
  document.fonts.add(font);
  await font.load().catch(() => undefined); // none of them: the browser's own
}

async function main() {
  await letters();
  prepareTransformations();
  const panels = bundle.dashboard.panels.filter((panel: any) => panel.type !== 'row');
  const drawn = await Promise.all(panels.map(async (panel: any) => ({ panel, frames: await framesOf(panel, theme) })));
  createRoot(document.getElementById('board')!).render(<Page drawn={drawn} />);
  setTimeout(() => report(drawn), SETTLED);
}

main().catch((error) => {
  document.body.insertAdjacentHTML('beforeend', `<div data-error="page: ${String(error.stack).replace(/"/g, "'")}"></div>`);
  report([]);
});
