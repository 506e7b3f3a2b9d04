import { createHash } from 'node:crypto';
import { Answer } from './answer.ts';
import { Html, html } from './html.ts';
import type { MatrixError } from './matrix-error.ts';
import type { Rules } from './mount.ts';

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Runs in the page; the only one that may. It is the same for everybody: nothing of a request is in it. */
  readonly script?: Script;
}

export interface Script {
  readonly text: string;
  /** Whether it may ask this server for more. */
  readonly asks?: boolean;
}

export const page = (given: Page, status = 200): Answer =>
  new Answer(status, { 'content-type': HTML, ...policyOf(given.script) }, textOf(given));

export const redirect = (location: string): Answer => new Answer(302, { location });

const HTML = 'text/html; charset=utf-8';

const STYLE = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { box-sizing: border-box; width: min(26rem, 100%); padding: 1.5rem; overflow-wrap: break-word; }
h1 { font-size: 1.5rem; line-height: 1.2; margin: 0 0 1rem; }
label { display: block; margin: 1rem 0 .25rem; font-weight: 600; }
input, button { box-sizing: border-box; width: 100%; padding: .7rem; font: inherit; border-radius: .4rem; }
input { border: 1px solid GrayText; background: Field; color: FieldText; }
button { margin-top: 1.25rem; border: 0; background: #0b5cad; color: #fff; font-weight: 600; cursor: pointer; }
button:disabled { opacity: .6; cursor: default; }
:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px; }
[role=alert]:not(:empty) { margin: 1rem 0 0; padding: .6rem .8rem; border-left: 4px solid #c62828; background: #c6282822; }
`;

const textOf = ({ title, body, script }: Page): string =>
  html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<main>
${body}
</main>
${script ? html`<script>${new Html(script.text)}</script>` : ''}
</body>
</html>
`.text;

const sourceOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

const POLICY = [
  "default-src 'none'",
  `style-src ${sourceOf(STYLE)}`,
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
];

const policy = (more: readonly string[]) => ({
  'content-security-policy': [...POLICY, ...more].join('; '),
});

const policyOf = (script: Script | undefined) =>
  script &&
  policy([`script-src ${sourceOf(script.text)}`, ...(script.asks ? ["connect-src 'self'"] : [])]);

/**
 * For people in a browser. A page may hold a session in its address: it is told to nobody, nor kept.
 * No `cross-origin-opener-policy`: a client that opened a page waits for its word.
 */
export const PAGES: Rules = {
  headers: {
    ...policy([]),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
  },
  refusal: (error) => ({ type: HTML, body: textOf(refusalPage(error)) }),
};

const refusalPage = (error: MatrixError): Page => {
  const title = TITLES[error.status] ?? 'That did not work';
  return { title, body: html`<h1>${title}</h1><p>${adviceOf(error)}</p>` };
};

const TITLES: Readonly<Record<number, string>> = {
  404: 'There is no such page',
  429: 'Too many attempts',
};

function adviceOf({ status, message, headers }: MatrixError): string {
  if (status === 429) return `Wait ${headers['retry-after'] ?? 1} s, then go back and try again.`;
  return status === 404 ? 'Go back to your app, and begin again there.' : `${message}.`;
}
