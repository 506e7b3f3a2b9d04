import { expect, test } from 'vitest';
import { html } from './html.ts';

test('what stands in a hole is text, and markup only where we wrote it', () => {
  const sent = `"><script>'&`;
  expect(html`<a title="${sent}">${html`<b>${sent}</b>`}${[html`<i>`, html`</i>`]}</a>`.text).toBe(
    '<a title="&quot;&gt;&lt;script&gt;&#39;&amp;"><b>&quot;&gt;&lt;script&gt;&#39;&amp;</b><i></i></a>',
  );
});
