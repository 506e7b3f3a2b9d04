import type { ServerName } from '../../protocol/identifiers.ts';
import type { JsonObject, JsonValue } from '../../protocol/json.ts';
import { MatrixError } from '../../protocol/matrix-error.ts';
import { type FederationClient, ServerUnreachable, wasSilent } from '../federation-client.ts';

/** Of all users of one server that share a room with somebody: a device has some two kibibytes. */
const BYTES_MAX = 4 * 1_048_576;

/** Devices' keys and one-time keys (server-server API, "End-to-End Encryption"), whose signatures are of their numbers. */
export async function askForKeys(
  client: Pick<FederationClient, 'ask'>,
  server: ServerName,
  { path, content, withinMs }: { path: string; content: JsonObject; withinMs: number },
): Promise<{ answer: JsonValue } | { failure: string; isSilent: boolean }> {
  try {
    const answer = await client.ask(server, {
      ...{ method: 'POST', path, content, answersWithinMs: withinMs },
      ...{ bytesMax: BYTES_MAX, keepsNumbers: true },
    });
    return { answer };
  } catch (error) {
    if (error instanceof ServerUnreachable || error instanceof MatrixError)
      return { failure: error.message, isSilent: wasSilent(error, withinMs) };
    throw error;
  }
}
