import type { Building } from '../write/building.ts';

/** By which states are read, named and resolved. */
export const stateSources = ({ ports, keys, resolver, resolutions }: Building) => ({
  store: ports.store,
  ...{ keys, resolver, resolutions },
});
