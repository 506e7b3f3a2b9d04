import { AddressGuard, byNameServers, type Resolve } from '../../outward/address-guard.ts';
import { type PreviewPorts, Previews } from './previews.ts';
import { Web } from './web.ts';
import type { WebBounds } from './web-address.ts';

/** What the operator says of previews. */
export interface PreviewSettings extends WebBounds {
  readonly allowNetworks: readonly string[];
  readonly languages: string;
  /** Instead of the name servers of this machine: a test's own. */
  readonly resolve?: Resolve;
}

/** Undefined where there are none. */
export function previewFeatures(
  settings: PreviewSettings | undefined,
  ports: Omit<PreviewPorts, 'web'>,
): Previews | undefined {
  if (!settings) return undefined;
  const { allowNetworks: allowed, languages, resolve = byNameServers() } = settings;
  const guard = new AddressGuard({ allowed, key: 'urlPreviews.allowNetworks', resolve });
  return new Previews({ ...ports, web: new Web({ guard, bounds: settings, languages }) });
}
