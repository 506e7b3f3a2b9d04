import { endpoint } from '../../http/endpoint.ts';

export interface VersionPorts {
  /** Of this program. */
  readonly programVersion: string;
}

/** Clients ask it to find out whether they talk to a server with this API. */
export const getServerVersion = endpoint({
  operation: 'adminGetServerVersion',
  routes: ['GET /_synapse/admin/v1/server_version'],
  auth: 'nobody',
  rateLimit: 'read',
  idempotency: 'natural',
  handle: async (_call, { programVersion }: VersionPorts) => ({
    server_version: `Farol ${programVersion}`,
  }),
});
