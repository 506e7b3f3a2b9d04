import type { SiteStatus, Status } from '../status/status.ts';
import { SILENT_MS } from './silent.ts';
import { span } from './span.ts';

/** Of each site that is not on mains: for how long it has power, and what comes then. */
export function batteries(status: Status): string[] {
  const { sites, leader, primary } = status;
  return sites
    .filter(({ silentMs }) => silentMs < SILENT_MS)
    .flatMap((each) => {
      if (each.power === 'battery') return [`${each.site} runs on its battery: ${lasting(each)}.`];
      if (each.power !== 'low') return [];
      const leads = each.site === leader || each.site === primary;
      const then = leads ? ` ${whatBecomesOfTheLead(status)}` : '';
      return [`BATTERY LOW: ${each.site} is about to go, ${lasting(each)}.${then}`];
    });
}

/** A pause holds against a battery, too (core/moves/switchovers.ts); a machine that goes down leaves all the same. */
function whatBecomesOfTheLead({ pausedMs, patroniPaused }: Status): string {
  if (pausedMs != null)
    return 'Moves are paused, so the lead stays until the machine goes down: `farol maintenance off` lets it leave, `farol switchover` has it leave now.';
  if (patroniPaused)
    return 'Patroni itself is paused, so the lead stays: `patronictl resume` lets it leave.';
  return 'The lead leaves it now, if any other site may have it.';
}

/** As in the table, behind the word for the source. */
export function shortly({ power, battery }: SiteStatus): string {
  if ((power !== 'battery' && power !== 'low') || battery?.leftMs == null) return power;
  return `${power}, ${span(battery.leftMs)}`;
}

function lasting({ battery }: SiteStatus): string {
  const full = battery?.charge == null ? '' : ` (${Math.round(100 * battery.charge)} % full)`;
  if (battery?.leftMs == null) return `how long that lasts its UPS does not say${full}`;
  return `it lasts about ${span(battery.leftMs)} by the word of its UPS${full}`;
}
