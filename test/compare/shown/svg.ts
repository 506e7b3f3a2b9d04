import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { Theme } from './theme.ts';

/** At a phone's width (360) its letters are still of ten pixels. */
const WIDTH = 560;
const LETTERS = 15;

/** As text: whoever opens it alone sees the ground that its letters are made for. */
export function svgOf(
  theme: Theme,
  { title, ...options }: Plot.PlotOptions & { title: string },
): string {
  const { document } = parseHTML('<html><body></body></html>');
  const drawn = Plot.plot({
    ...{ document, width: WIDTH, marginLeft: 40, marginBottom: 44, marginTop: 24, insetTop: 0 },
    ...options,
    className: 'farol',
    style: { background: theme.background, color: theme.text, fontSize: `${LETTERS}px` },
  });
  // Not every viewer of pictures knows a background by style.
  const ground = document.createElementNS('http://www.w3.org/2000/svg', 'rect');
  ground.setAttribute('width', '100%');
  ground.setAttribute('height', '100%');
  ground.setAttribute('fill', theme.background);
  drawn.prepend(ground);
  drawn.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  drawn.setAttribute('role', 'img');
  drawn.setAttribute('aria-label', title);
  return `${shortened(drawn.outerHTML)}\n`;
}

/** A tenth of a pixel is enough, and a third of the file. */
const shortened = (svg: string): string =>
  svg.replace(/-?\d+\.\d{2,}/g, (number) => String(Number(Number(number).toFixed(1))));
