import type { State } from './state.ts';
import type { Block, SitePromise } from './view.ts';

/** What etcd has of this site's own promise (docs/third-fence.md). */
export const ownPromise = ({ view, self }: State): SitePromise | undefined =>
  view?.promises?.[self.site];

/** As this agent keeps it, or as etcd says: nobody goes on then by this site's word. */
export const hasPromised = (state: State): boolean =>
  state.promising !== null || ownPromise(state)?.block != null;

/** By the same term of the same site. */
export const isSameBlock = (a: Block, b: Block): boolean =>
  a.key === b.key && a.holder === b.holder && a.lease === b.lease;

export const PROMISED = 'it has promised to confirm nothing from there';
