import { exchangeOpenIdToken } from './exchange-open-id-token.ts';
import { requestOpenIdToken } from './request-open-id-token.ts';

export const openIdEndpoints = [requestOpenIdToken, exchangeOpenIdToken];
