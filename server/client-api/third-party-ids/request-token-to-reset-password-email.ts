import { requestsEmailToken } from './request-email-token.ts';

export const requestTokenToResetPasswordEmail = requestsEmailToken(
  'requestTokenToResetPasswordEmail',
  'account/password',
  'reset',
);
