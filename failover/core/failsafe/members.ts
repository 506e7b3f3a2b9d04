import type { State } from '../state.ts';
import type { Site } from '../view.ts';

/**
 * The other sites whose copy of the database could be promoted, by what etcd showed last: those with an agent, those that Patroni
 * knows, and those that it names. None too many is left out: whoever is missing here could be promoted without being asked.
 */
export function databaseMembers({ view, self }: Pick<State, 'view' | 'self'>): Site[] {
  if (view === null) return [];
  const { sync, failsafe = [], leader } = view.patroni;
  const withData = Object.keys(view.sites).filter((site) => !view.sites[site]!.report.witness);
  const named = [sync?.leader, leader?.site, ...(sync?.standbys ?? []), ...failsafe];
  const all = new Set([...withData, ...named.filter((site) => site != null)]);
  all.delete(self.site);
  return [...all].sort();
}
