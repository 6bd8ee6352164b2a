// Generated from proto/token.proto, never edited.
import * as $protobuf from "protobufjs/minimal.js";

/**
 * Properties of a RevisionToken.
 * @deprecated Use RevisionToken.$Properties instead.
 */
export interface IRevisionToken extends RevisionToken.$Properties {
}

/** Represents a RevisionToken. */
export class RevisionToken {

    /**
     * Constructs a new RevisionToken.
     * @param [properties] Properties to set
     */
    constructor(properties?: RevisionToken.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** RevisionToken kid. */
    kid?: (string|null);

    /** RevisionToken data. */
    data?: (Uint8Array|null);

    /**
     * Encodes the specified RevisionToken message. Does not implicitly {@link RevisionToken.verify|verify} messages.
     * @param message RevisionToken message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: RevisionToken.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a RevisionToken message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {RevisionToken & RevisionToken.$Shape} RevisionToken
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): RevisionToken & RevisionToken.$Shape;
}

export namespace RevisionToken {

    /** Properties of a RevisionToken. */
    interface $Properties {

        /** RevisionToken kid */
        kid?: (string|null);

        /** RevisionToken data */
        data?: (Uint8Array|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a RevisionToken. */
    type $Shape = RevisionToken.$Properties;
}

/**
 * Properties of a RevisionTokenData.
 * @deprecated Use RevisionTokenData.$Properties instead.
 */
export interface IRevisionTokenData extends RevisionTokenData.$Properties {
}

/** Represents a RevisionTokenData. */
export class RevisionTokenData {

    /**
     * Constructs a new RevisionTokenData.
     * @param [properties] Properties to set
     */
    constructor(properties?: RevisionTokenData.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** RevisionTokenData revisableKeys. */
    revisableKeys: RevisableKey.$Properties[];

    /**
     * Encodes the specified RevisionTokenData message. Does not implicitly {@link RevisionTokenData.verify|verify} messages.
     * @param message RevisionTokenData message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: RevisionTokenData.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a RevisionTokenData message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {RevisionTokenData & RevisionTokenData.$Shape} RevisionTokenData
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): RevisionTokenData & RevisionTokenData.$Shape;
}

export namespace RevisionTokenData {

    /** Properties of a RevisionTokenData. */
    interface $Properties {

        /** RevisionTokenData revisableKeys */
        revisableKeys?: (RevisableKey.$Properties[]|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a RevisionTokenData. */
    type $Shape = RevisionTokenData.$Properties;
}

/**
 * Properties of a RevisableKey.
 * @deprecated Use RevisableKey.$Properties instead.
 */
export interface IRevisableKey extends RevisableKey.$Properties {
}

/** Represents a RevisableKey. */
export class RevisableKey {

    /**
     * Constructs a new RevisableKey.
     * @param [properties] Properties to set
     */
    constructor(properties?: RevisableKey.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** RevisableKey temporaryExposureKey. */
    temporaryExposureKey?: (Uint8Array|null);

    /** RevisableKey intervalNumber. */
    intervalNumber?: (number|null);

    /** RevisableKey intervalCount. */
    intervalCount?: (number|null);

    /**
     * Encodes the specified RevisableKey message. Does not implicitly {@link RevisableKey.verify|verify} messages.
     * @param message RevisableKey message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: RevisableKey.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a RevisableKey message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {RevisableKey & RevisableKey.$Shape} RevisableKey
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): RevisableKey & RevisableKey.$Shape;
}

export namespace RevisableKey {

    /** Properties of a RevisableKey. */
    interface $Properties {

        /** RevisableKey temporaryExposureKey */
        temporaryExposureKey?: (Uint8Array|null);

        /** RevisableKey intervalNumber */
        intervalNumber?: (number|null);

        /** RevisableKey intervalCount */
        intervalCount?: (number|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a RevisableKey. */
    type $Shape = RevisableKey.$Properties;
}
