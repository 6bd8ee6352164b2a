export { type Serve, aGrpcPartner, closeGrpcPartners } from './grpc-partner.ts';
export { selfSigned } from './self-signed.ts';
