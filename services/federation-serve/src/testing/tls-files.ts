/** A certificate of localhost that is its own root, good for a hundred years and for nothing but tests. Tests only. */
export const LOCALHOST_CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBljCCATugAwIBAgIUBzAZTuXQDfy1tG1XFFAJWBJ/ynUwCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEzMDIxMTMwNloYDzIxMjYxMTA2
MjExMzA2WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARof3hCV3XyqJIjyycXaJLMfxo/twu8ZrwNf+bP9B0u4apzzyasYQAX
COXcn2TaT6DadG1w9L1oC1+7IPQPmJaNo2kwZzAdBgNVHQ4EFgQUjr/ML/+jTI1S
7AKfruGrlCbKzRAwHwYDVR0jBBgwFoAUjr/ML/+jTI1S7AKfruGrlCbKzRAwDwYD
VR0TAQH/BAUwAwEB/zAUBgNVHREEDTALgglsb2NhbGhvc3QwCgYIKoZIzj0EAwID
SQAwRgIhAOFWsDBGcWgv4Bk+npWXrjN4NB/uki35NW/JtOvUHHz5AiEArLrv9jrp
MgXq4Pwv3itI1ACKAam4j5uwOd70a6zumDY=
-----END CERTIFICATE-----
`;

/** The key of that certificate, which protects nothing. Tests only. */
export const LOCALHOST_KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgswxqWELeswP/f82V
9NhT+7VaO05i1HecLUUvyJXMlu2hRANCAARof3hCV3XyqJIjyycXaJLMfxo/twu8
ZrwNf+bP9B0u4apzzyasYQAXCOXcn2TaT6DadG1w9L1oC1+7IPQPmJaN
-----END PRIVATE KEY-----
`;
