import { whoGoesOn } from '../failsafe/give-leave.ts';
import { reportNow } from '../pulse/report.ts';
import { silence } from '../sites.ts';
import type { State } from '../state.ts';
import type { Millis, Timings } from '../timings.ts';
import type { ServerReport, Site } from '../view.ts';

/** What the fronts are told: where the writer is, if its gate is open. */
export interface Routing {
  readonly writer: { readonly site: Site; readonly epoch: number; readonly url: string } | null;
  /** `drain`: the address is about to leave this site; let connections end. */
  readonly address: { readonly holder: Site | null; readonly drain: boolean };
  readonly sites: readonly {
    readonly site: Site;
    readonly serverUrl: string | null;
  }[];
}

export function routing(state: State, now: Millis, timings: Timings): Routing {
  const sites = Object.entries(state.view?.sites ?? {}).map(([site, { report }]) => ({
    site,
    serverUrl: report.serverUrl,
  }));
  return {
    writer: writer(state, now, timings),
    address: { holder: state.view?.address.site ?? null, drain: state.leaving !== null },
    sites: sites.sort((a, b) => (a.site < b.site ? -1 : 1)),
  };
}

function writer(state: State, now: Millis, timings: Timings): Routing['writer'] {
  const site = state.view?.leader.site;
  if (!site) return null;
  const isSilent = silence(state, site, now, timings) >= timings.leaderLeaseMs;
  if (isSilent && whoGoesOn(state, now) !== site) return null;
  const here = site === state.self.site;
  const server: ServerReport | null | undefined = here
    ? reportNow(state, now, timings).server
    : state.view?.sites[site]?.report.server;
  const url = here ? state.self.serverUrl : state.view?.sites[site]?.report.serverUrl;
  if (server?.role !== 'writer' || server.epoch === null || !url) return null;
  return { site, epoch: server.epoch, url };
}
