import type { Config } from './schema.ts';

/** What the operator says of previews, as they take it; undefined where there are none. */
export function previewsOf({ urlPreviews }: Pick<Config, 'urlPreviews'>) {
  const { enabled, allow, deny = [], allowNetworks = [], ports, languages } = urlPreviews;
  return enabled
    ? { allowHosts: allow, denyHosts: deny, allowNetworks, ports, languages }
    : undefined;
}
