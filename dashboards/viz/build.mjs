// Bundles the page: `npm run build` writes bundle/page.js and bundle/page.html.
import { copyFileSync, mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
// Grafana's page has the letters "Inter" from its own server, which is not there: src/page.tsx says what stands for them.
const letters = {
  name: 'letters',
  setup: (make) =>
    make.onLoad({ filter: /GlobalStyles[\\/]fonts\.mjs$/ }, ({ path }) => {
      const text = readFileSync(path, 'utf8');
      const without = text.replaceAll('fontFamily: "Inter"', 'fontFamily: "Inter of the server"');
      if (without === text) throw new Error(`${path} no longer declares Inter`);
      return { contents: without, loader: 'js' };
    }),
};
mkdirSync(here('bundle'), { recursive: true });
await build({
  entryPoints: [here('src/page.tsx')],
  outfile: here('bundle/page.js'),
  bundle: true,
  format: 'iife',
  platform: 'browser',
  minify: true,
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  loader: { '.svg': 'text', '.css': 'text', '.woff2': 'empty', '.png': 'empty' },
  plugins: [letters],
  logLevel: 'warning',
});
copyFileSync(here('src/page.html'), here('bundle/page.html'));
