import { writeFileSync } from 'node:fs';
import { COLUMNS } from './stage.ts';

export interface Frame {
  /** Milliseconds since the first one. */
  readonly at: number;
  readonly picture: string;
}

/** Pictures of a terminal, in order; written as what the file's name ends with. */
export class Recording {
  readonly #frames: Frame[] = [];
  readonly #beganAt = performance.now();

  add(picture: string): void {
    if (this.#frames.at(-1)?.picture === picture) return;
    this.#frames.push({ at: performance.now() - this.#beganAt, picture });
  }

  write(file: string): void {
    writeFileSync(file, file.endsWith('.svg') ? svgOf(this.#frames) : castOf(this.#frames));
  }
}

/** What `--record` can write. */
export const isRecordable = (file: string): boolean => /\.(cast|svg)$/.test(file);

/** asciinema's format, version 2. */
export function castOf(frames: readonly Frame[]): string {
  const height = Math.max(0, ...frames.map(({ picture }) => picture.split('\n').length));
  const head = { version: 2, width: COLUMNS, height, title: 'Farol: a power cut and a return' };
  const events = frames.map(({ at, picture }) => {
    const text = `\u001b[H\u001b[J${picture.replaceAll('\n', '\r\n')}`;
    return [Number((at / 1_000).toFixed(3)), 'o', text];
  });
  return [head, ...events].map((line) => `${JSON.stringify(line)}\n`).join('');
}

const LINE = 18;
const LETTER = 8.4;
const MARGIN = 16;
/** The last picture stays for so long, before it begins anew. */
const LAST_MS = 6_000;

/** Each picture is there for its time; a browser that shows no motion shows the last one. */
export function svgOf(frames: readonly Frame[]): string {
  const total = (frames.at(-1)?.at ?? 0) + LAST_MS;
  const rows = Math.max(1, ...frames.map(({ picture }) => picture.split('\n').length));
  const [width, height] = [COLUMNS * LETTER + 2 * MARGIN, rows * LINE + 2 * MARGIN];
  const share = (at: number) => `${((100 * at) / total).toFixed(3)}%`;
  const shown = frames.map(({ at, picture }, index) => {
    const until = frames[index + 1]?.at ?? total;
    const rule = `@keyframes f${index}{0%{opacity:0}${share(at)}{opacity:1}${share(until)}{opacity:${until === total ? 1 : 0}}}`;
    return { rule, group: `<g class="f" style="animation-name:f${index}">${textOf(picture)}</g>` };
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width.toFixed(0)} ${height}" role="img" aria-label="Farol: a power cut and a return, as a terminal shows it">`,
    `<style>text{font:14px ui-monospace,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328}rect{fill:#f6f8fa}`,
    `@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#0d1117}}`,
    `.f{opacity:0;animation:${(total / 1_000).toFixed(1)}s step-end infinite}.f:last-child{opacity:1}`,
    `@media(prefers-reduced-motion:reduce){.f{animation:none}}`,
    ...shown.map(({ rule }) => rule),
    `</style><rect width="100%" height="100%" rx="8"/>`,
    ...shown.map(({ group }) => group),
    '</svg>\n',
  ].join('\n');
}

const textOf = (picture: string): string =>
  picture
    .split('\n')
    .map((line, row) =>
      line === ''
        ? ''
        : `<text x="${MARGIN}" y="${MARGIN + (row + 1) * LINE - 4}">${escaped(line)}</text>`,
    )
    .join('');

/** Some that draw it take several spaces for one. */
const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(' ', '\u00a0');
