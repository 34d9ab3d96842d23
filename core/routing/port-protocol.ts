/** What the routed port of a frontend speaks, without TLS. WebSocket, server-sent events and long polls are HTTP. */
export const portProtocols = ['http', 'http2', 'grpc'] as const;

export type PortProtocol = (typeof portProtocols)[number];
