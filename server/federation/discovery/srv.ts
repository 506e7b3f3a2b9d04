import type { Resolver } from 'node:dns/promises';
import type { DiscoveryPorts } from './find-server.ts';

/** That there are none is an answer, too. Rejects where no name server gives one. */
export const srvBy =
  (resolver: Pick<Resolver, 'resolveSrv'>): DiscoveryPorts['srv'] =>
  (name) =>
    resolver.resolveSrv(name).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOTFOUND' || error.code === 'ENODATA') return [];
      throw error;
    });
