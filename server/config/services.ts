import type { Config } from './schema.ts';

/** What the operator says of services and people beside this server. */
export const servicesOf = ({ turn, livekitServiceUrls, support }: Config) => ({
  turn,
  livekitServiceUrls: livekitServiceUrls ?? [],
  support: {
    page: support.page,
    contacts: [
      { role: 'm.role.admin', matrixId: support.adminUserId, email: support.adminEmail },
      { role: 'm.role.security', matrixId: support.securityUserId, email: support.securityEmail },
    ].filter(({ matrixId, email }) => matrixId !== undefined || email !== undefined),
  },
});
