/**
 * A /sync that is sent a second time asks only for what is left of its time, so that the client's
 * own limit holds over a change of writer.
 */
export function withTimeLeft(url: string, elapsedMs: number): string {
  const mark = url.indexOf('?');
  if (mark < 0 || !isLongPoll(url)) return url;
  const query = new URLSearchParams(url.slice(mark + 1));
  const asked = Number(query.get('timeout'));
  if (!Number.isFinite(asked) || asked <= 0) return url;
  query.set('timeout', String(Math.max(0, Math.round(asked - elapsedMs))));
  return `${url.slice(0, mark)}?${query}`;
}

export const isLongPoll = (url: string): boolean =>
  /^\/_matrix\/client\/(?:r0|v3|v4|unstable\/[\w.]+)\/(?:sync|events)\b/.test(url);
