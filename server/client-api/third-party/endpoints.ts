import { getProtocolMetadata } from './get-protocol-metadata.ts';
import { getProtocols } from './get-protocols.ts';
import { queryLocationByAlias } from './query-location-by-alias.ts';
import { queryLocationByProtocol } from './query-location-by-protocol.ts';
import { queryUserByID } from './query-user-by-id.ts';
import { queryUserByProtocol } from './query-user-by-protocol.ts';

export const thirdPartyEndpoints = [
  ...[getProtocols, getProtocolMetadata],
  ...[queryLocationByProtocol, queryUserByProtocol, queryLocationByAlias, queryUserByID],
];
