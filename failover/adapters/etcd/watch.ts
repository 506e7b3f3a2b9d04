import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyNames } from '../../core/etcd/names.ts';
import type { PulseSeen, WatchInput } from '../../core/inputs.ts';
import { urgentText } from '../../core/pulse/report.ts';
import type { Report } from '../../core/view.ts';
import { fromBase64 } from './base64.ts';
import type { Gateway } from './gateway.ts';
import { type Header, type KeyValue, parsed, rangesOf } from './json.ts';

interface WatchAnswer {
  result?: { header: Header; events?: { kv?: KeyValue }[]; canceled?: boolean };
  error?: unknown;
}

/** Our own pulses show in a watch that lives, each 0.7 s. */
const SILENT_MS = 3_000;
/** After a break the watch begins anew; the pulses read everything in the meantime. */
const AGAIN_AFTER_MS = 500;

/**
 * Says that something changed that is worth reading at once, and what pulses of sites it sees. What it
 * misses, the next reading shows, and a lost watch means "unknown", never "no" (D8).
 */
export async function watch(
  gateway: Gateway,
  names: KeyNames,
  tell: (input: WatchInput) => void,
  signal: AbortSignal,
): Promise<void> {
  const questions = rangesOf(names).map((range) => ({ create_request: range }));
  const news = new News(names);
  while (!signal.aborted) {
    try {
      const stream = await gateway.open('/v3/watch', questions, { signal, silentMs: SILENT_MS });
      for await (const answer of lines(stream)) {
        if (answer.error !== undefined || answer.result?.canceled) break;
        const { header, events = [] } = answer.result ?? {};
        const changed = events.map((event) => event.kv);
        for (const each of changed) {
          const seen = header && pulseIn(each, header, names);
          if (seen) tell(seen);
        }
        if (changed.some((each) => news.isIn(each))) tell({ kind: 'hint' });
      }
    } catch {
      // The pulses find out what is wrong with etcd and say so; here there is only to go on.
    }
    await sleep(AGAIN_AFTER_MS, undefined, { signal }).catch(() => undefined);
  }
}

function pulseIn(
  changed: KeyValue | undefined,
  { cluster_id: clusterId }: Header,
  { sites }: KeyNames,
): PulseSeen | undefined {
  const name = fromBase64(changed?.key ?? '');
  if (!name.startsWith(sites) || changed?.mod_revision === undefined) return undefined;
  const revision = Number(changed.mod_revision);
  return { kind: 'pulse-seen', clusterId, site: name.slice(sites.length), revision };
}

/** A pulse changes a site's key every 0.7 s; only what others wait for is news. */
class News {
  readonly #names: KeyNames;
  readonly #last = new Map<string, string>();

  constructor(names: KeyNames) {
    this.#names = names;
  }

  isIn(changed: KeyValue | undefined): boolean {
    const name = fromBase64(changed?.key ?? '');
    if (!name.startsWith(this.#names.sites) || changed?.value === undefined) return true;
    const report = parsed(fromBase64(changed.value)) as Report | undefined;
    const urgent = report ? urgentText(report) : 'unreadable';
    const isNew = this.#last.get(name) !== urgent;
    this.#last.set(name, urgent);
    return isNew;
  }
}

async function* lines(stream: AsyncIterable<Buffer>): AsyncGenerator<WatchAnswer> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of stream) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = parts.pop()!;
    for (const part of parts) if (part !== '') yield JSON.parse(part) as WatchAnswer;
  }
}
