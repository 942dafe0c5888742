// Bundles the page: `npm run build` writes bundle/page.js and bundle/page.html.
import { copyFileSync, mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
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
  logLevel: 'warning',
});
copyFileSync(here('src/page.html'), here('bundle/page.html'));
