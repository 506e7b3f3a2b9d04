import { invalidParam } from '../../http/matrix-error.ts';
import type { DirectoryQuery } from '../../rooms/directory/room-directory.ts';

/** Of a network nothing is in but what its application service has put there. */
export function directoryAskedFor({
  include_all_networks: all,
  third_party_instance_id: instanceId,
}: {
  readonly include_all_networks?: boolean | null | undefined;
  readonly third_party_instance_id?: string | null | undefined;
}): DirectoryQuery['directory'] {
  if (all && instanceId)
    throw invalidParam('third_party_instance_id is for when include_all_networks is false');
  if (all) return 'all';
  return instanceId ? { instanceId } : undefined;
}
