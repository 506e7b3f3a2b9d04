import type { CustomFetch } from 'openid-client';

const ANSWERS_WITHIN_MS = 10_000;
const BYTES_MAX = 1_048_576;

/** What a provider says is read to its end within a time and a length, and no redirect is followed. */
export const boundedFetch: CustomFetch = async (url, { signal, ...asked }) => {
  const late = AbortSignal.timeout(ANSWERS_WITHIN_MS);
  const answer = await fetch(url, {
    ...(asked as RequestInit),
    redirect: 'manual',
    signal: signal ? AbortSignal.any([signal, late]) : late,
  });
  const { status, headers } = answer;
  const hasNoBody = status === 204 || status === 304;
  return new Response(hasNoBody ? null : await wholeBody(answer), { status, headers });
};

async function wholeBody({ body, url }: Response): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of body ?? []) {
    bytes += piece.length;
    if (bytes > BYTES_MAX) throw new Error(`${url} says more than ${BYTES_MAX} bytes`);
    pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}
