import { z } from 'zod';
import type {
  DestinationList,
  ListedDestination,
} from '../../federation/sending/destination-list.ts';
import { serverName } from '../../http/fields.ts';
import { notFound } from '../../http/matrix-error.ts';
import type { ServerName } from '../../protocol/identifiers.ts';

export interface DestinationPorts {
  readonly destinationList: Pick<DestinationList, 'of' | 'roomsOf' | 'isPaused' | 'tryNow'>;
}

export const ofDestination = z.object({ destination: serverName });

/** One that something was sent to, or that asked something. */
export async function knownDestination(
  { destinationList }: { readonly destinationList: Pick<DestinationList, 'of'> },
  server: ServerName,
): Promise<ListedDestination> {
  const known = await destinationList.of(server);
  if (!known) throw notFound('Unknown destination');
  return known;
}
