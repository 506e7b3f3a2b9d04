import { invalidParam } from '../../http/matrix-error.ts';

/** All rooms here are of one network: there are no bridges whose others could be named. */
export function refuseNetwork({
  third_party_instance_id: network,
}: {
  readonly third_party_instance_id?: string | undefined;
}): void {
  if (network) throw invalidParam(`This server has no network ${network}`);
}
