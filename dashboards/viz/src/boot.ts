// Grafana's modules read these settings while they load, so this module comes first.
declare global {
  interface Window {
    grafanaBootData: unknown;
  }
}
const { theme } = BUNDLE;

// "3 hours ago" counts from the end of the time range, like everything else on the page.
const [loaded, now] = [Date.now(), Date.now.bind(Date)];
Date.now = () => BUNDLE.to + (now() - loaded);

window.grafanaBootData = {
  settings: {
    buildInfo: { version: '13.2.2', edition: 'OSS', env: 'production' },
    featureToggles: {},
    panels: {},
    dateFormats: undefined,
  },
  user: { locale: 'en-GB', language: 'en-GB', timezone: 'utc', theme, lightTheme: theme === 'light' },
};

/** What the Python driver writes beside the page. */
export interface Bundle {
  dashboard: any;
  theme: 'dark' | 'light';
  from: number;
  to: number;
  results: Record<string, Result>;
}
export interface Result {
  refId: string;
  format: 'time_series' | 'table' | 'heatmap';
  instant: boolean;
  legend: string;
  step: number;
  error: string;
  series: Array<{ labels: Record<string, string>; points: Array<[number, number | null]> }>;
}
declare global {
  const BUNDLE: Bundle;
}
export const bundle = BUNDLE;
