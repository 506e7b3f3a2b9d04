import type { RequestListener } from 'node:http';
import type { Metrics } from '../metrics/metrics.ts';

export const answerMetrics =
  (metrics: Metrics): RequestListener =>
  (_request, response) => {
    metrics.text().then(
      (text) => response.writeHead(200, { 'content-type': metrics.contentType }).end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  };
