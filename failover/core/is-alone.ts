import type { Site, View } from './view.ts';

/** It acknowledges what no other site has, as policy says: the last one with power. */
export const isAlone = (view: View | null, site: Site): boolean =>
  view?.alone?.site === site && view.patroni.isLax === true;
