import { isLate, isLossy, isSick } from '../status/links.ts';
import type { Status } from '../status/status.ts';
import { SILENT_MS } from './silent.ts';

/** F10: on which ways packets are lost or late. */
export function sickLinks({ sites }: Status): string[] {
  return sites.flatMap(({ site, links, silentMs }) =>
    // An agent of before, beside these sources, says nothing of it; and what a silent one said last is old.
    Object.entries(silentMs < SILENT_MS ? (links ?? {}) : {})
      .filter(([, link]) => isSick(link))
      .map(([to, { lost, rttMs }]) => {
        const again = isLossy({ lost, rttMs })
          ? [`${Math.round(100 * (lost ?? 0))} % of the packets had to be sent again`]
          : [];
        const late = isLate({ lost, rttMs })
          ? [`an answer takes ${((rttMs ?? 0) / 1_000).toFixed(1)} s`]
          : [];
        return `The NETWORK from ${site} to ${to} is sick: ${[...again, ...late].join(', and ')}. ${TODO}`;
      }),
  );
}

const TODO = 'See to cables, card and switch port at whichever of them more such ways begin.';
