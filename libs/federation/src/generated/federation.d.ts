// Generated from proto/federation.proto, never edited.
import * as $protobuf from "protobufjs/minimal.js";

/**
 * Properties of a FederationFetchRequest.
 * @deprecated Use FederationFetchRequest.$Properties instead.
 */
export interface IFederationFetchRequest extends FederationFetchRequest.$Properties {
}

/** Represents a FederationFetchRequest. */
export class FederationFetchRequest {

    /**
     * Constructs a new FederationFetchRequest.
     * @param [properties] Properties to set
     */
    constructor(properties?: FederationFetchRequest.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** FederationFetchRequest includeRegions. */
    includeRegions: string[];

    /** FederationFetchRequest excludeRegions. */
    excludeRegions: string[];

    /** FederationFetchRequest onlyTravelers. */
    onlyTravelers?: (boolean|null);

    /** FederationFetchRequest onlyLocalProvenance. */
    onlyLocalProvenance?: (boolean|null);

    /** FederationFetchRequest maxExposureKeys. */
    maxExposureKeys?: (number|null);

    /** FederationFetchRequest state. */
    state?: (FetchState.$Properties|null);

    /**
     * Encodes the specified FederationFetchRequest message. Does not implicitly {@link FederationFetchRequest.verify|verify} messages.
     * @param message FederationFetchRequest message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: FederationFetchRequest.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a FederationFetchRequest message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {FederationFetchRequest & FederationFetchRequest.$Shape} FederationFetchRequest
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): FederationFetchRequest & FederationFetchRequest.$Shape;
}

export namespace FederationFetchRequest {

    /** Properties of a FederationFetchRequest. */
    interface $Properties {

        /** FederationFetchRequest includeRegions */
        includeRegions?: (string[]|null);

        /** FederationFetchRequest excludeRegions */
        excludeRegions?: (string[]|null);

        /** FederationFetchRequest onlyTravelers */
        onlyTravelers?: (boolean|null);

        /** FederationFetchRequest onlyLocalProvenance */
        onlyLocalProvenance?: (boolean|null);

        /** FederationFetchRequest maxExposureKeys */
        maxExposureKeys?: (number|null);

        /** FederationFetchRequest state */
        state?: (FetchState.$Properties|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a FederationFetchRequest. */
    type $Shape = FederationFetchRequest.$Properties;
}

/**
 * Properties of a FederationFetchResponse.
 * @deprecated Use FederationFetchResponse.$Properties instead.
 */
export interface IFederationFetchResponse extends FederationFetchResponse.$Properties {
}

/** Represents a FederationFetchResponse. */
export class FederationFetchResponse {

    /**
     * Constructs a new FederationFetchResponse.
     * @param [properties] Properties to set
     */
    constructor(properties?: FederationFetchResponse.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** FederationFetchResponse keys. */
    keys: ExposureKey.$Properties[];

    /** FederationFetchResponse revisedKeys. */
    revisedKeys: ExposureKey.$Properties[];

    /** FederationFetchResponse partialResponse. */
    partialResponse?: (boolean|null);

    /** FederationFetchResponse nextFetchState. */
    nextFetchState?: (FetchState.$Properties|null);

    /**
     * Encodes the specified FederationFetchResponse message. Does not implicitly {@link FederationFetchResponse.verify|verify} messages.
     * @param message FederationFetchResponse message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: FederationFetchResponse.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a FederationFetchResponse message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {FederationFetchResponse & FederationFetchResponse.$Shape} FederationFetchResponse
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): FederationFetchResponse & FederationFetchResponse.$Shape;
}

export namespace FederationFetchResponse {

    /** Properties of a FederationFetchResponse. */
    interface $Properties {

        /** FederationFetchResponse keys */
        keys?: (ExposureKey.$Properties[]|null);

        /** FederationFetchResponse revisedKeys */
        revisedKeys?: (ExposureKey.$Properties[]|null);

        /** FederationFetchResponse partialResponse */
        partialResponse?: (boolean|null);

        /** FederationFetchResponse nextFetchState */
        nextFetchState?: (FetchState.$Properties|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a FederationFetchResponse. */
    type $Shape = FederationFetchResponse.$Properties;
}

/**
 * Properties of a FetchState.
 * @deprecated Use FetchState.$Properties instead.
 */
export interface IFetchState extends FetchState.$Properties {
}

/** Represents a FetchState. */
export class FetchState {

    /**
     * Constructs a new FetchState.
     * @param [properties] Properties to set
     */
    constructor(properties?: FetchState.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** FetchState keyCursor. */
    keyCursor?: (Cursor.$Properties|null);

    /** FetchState revisedKeyCursor. */
    revisedKeyCursor?: (Cursor.$Properties|null);

    /**
     * Encodes the specified FetchState message. Does not implicitly {@link FetchState.verify|verify} messages.
     * @param message FetchState message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: FetchState.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a FetchState message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {FetchState & FetchState.$Shape} FetchState
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): FetchState & FetchState.$Shape;
}

export namespace FetchState {

    /** Properties of a FetchState. */
    interface $Properties {

        /** FetchState keyCursor */
        keyCursor?: (Cursor.$Properties|null);

        /** FetchState revisedKeyCursor */
        revisedKeyCursor?: (Cursor.$Properties|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a FetchState. */
    type $Shape = FetchState.$Properties;
}

/**
 * Properties of a Cursor.
 * @deprecated Use Cursor.$Properties instead.
 */
export interface ICursor extends Cursor.$Properties {
}

/** Represents a Cursor. */
export class Cursor {

    /**
     * Constructs a new Cursor.
     * @param [properties] Properties to set
     */
    constructor(properties?: Cursor.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** Cursor timestamp. */
    timestamp?: (number|null);

    /** Cursor nextToken. */
    nextToken?: (string|null);

    /**
     * Encodes the specified Cursor message. Does not implicitly {@link Cursor.verify|verify} messages.
     * @param message Cursor message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: Cursor.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes a Cursor message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {Cursor & Cursor.$Shape} Cursor
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): Cursor & Cursor.$Shape;
}

export namespace Cursor {

    /** Properties of a Cursor. */
    interface $Properties {

        /** Cursor timestamp */
        timestamp?: (number|null);

        /** Cursor nextToken */
        nextToken?: (string|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of a Cursor. */
    type $Shape = Cursor.$Properties;
}

/**
 * Properties of an ExposureKey.
 * @deprecated Use ExposureKey.$Properties instead.
 */
export interface IExposureKey extends ExposureKey.$Properties {
}

/** Represents an ExposureKey. */
export class ExposureKey {

    /**
     * Constructs a new ExposureKey.
     * @param [properties] Properties to set
     */
    constructor(properties?: ExposureKey.$Properties);

    /** Unknown fields preserved while decoding when enabled */
    $unknowns?: Uint8Array[];

    /** ExposureKey exposureKey. */
    exposureKey?: (Uint8Array|null);

    /** ExposureKey transmissionRisk. */
    transmissionRisk?: (number|null);

    /** ExposureKey intervalNumber. */
    intervalNumber?: (number|null);

    /** ExposureKey intervalCount. */
    intervalCount?: (number|null);

    /** ExposureKey reportType. */
    reportType?: (ExposureKey.ReportType|null);

    /** ExposureKey daysSinceOnsetOfSymptoms. */
    daysSinceOnsetOfSymptoms?: (number|null);

    /** ExposureKey hasSymptomOnset. */
    hasSymptomOnset?: (boolean|null);

    /** ExposureKey traveler. */
    traveler?: (boolean|null);

    /** ExposureKey regions. */
    regions: string[];

    /** ExposureKey verificationAuthorityName. */
    verificationAuthorityName?: (string|null);

    /**
     * Encodes the specified ExposureKey message. Does not implicitly {@link ExposureKey.verify|verify} messages.
     * @param message ExposureKey message or plain object to encode
     * @param [writer] Writer to encode to
     * @returns Writer
     */
    static encode(message: ExposureKey.$Properties, writer?: $protobuf.Writer): $protobuf.Writer;

    /**
     * Decodes an ExposureKey message from the specified reader or buffer.
     * @param reader Reader or buffer to decode from
     * @param [length] Message length if known beforehand
     * @returns {ExposureKey & ExposureKey.$Shape} ExposureKey
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    static decode(reader: ($protobuf.Reader|Uint8Array), length?: number): ExposureKey & ExposureKey.$Shape;
}

export namespace ExposureKey {

    /** Properties of an ExposureKey. */
    interface $Properties {

        /** ExposureKey exposureKey */
        exposureKey?: (Uint8Array|null);

        /** ExposureKey transmissionRisk */
        transmissionRisk?: (number|null);

        /** ExposureKey intervalNumber */
        intervalNumber?: (number|null);

        /** ExposureKey intervalCount */
        intervalCount?: (number|null);

        /** ExposureKey reportType */
        reportType?: (ExposureKey.ReportType|null);

        /** ExposureKey daysSinceOnsetOfSymptoms */
        daysSinceOnsetOfSymptoms?: (number|null);

        /** ExposureKey hasSymptomOnset */
        hasSymptomOnset?: (boolean|null);

        /** ExposureKey traveler */
        traveler?: (boolean|null);

        /** ExposureKey regions */
        regions?: (string[]|null);

        /** ExposureKey verificationAuthorityName */
        verificationAuthorityName?: (string|null);

        /** Unknown fields preserved while decoding when enabled */
        $unknowns?: Uint8Array[];
    }

    /** Shape of an ExposureKey. */
    type $Shape = ExposureKey.$Properties;

    /** ReportType enum. */
    enum ReportType {

        /** UNKNOWN value */
        UNKNOWN = 0,

        /** CONFIRMED_TEST value */
        CONFIRMED_TEST = 1,

        /** CONFIRMED_CLINICAL_DIAGNOSIS value */
        CONFIRMED_CLINICAL_DIAGNOSIS = 2,

        /** SELF_REPORT value */
        SELF_REPORT = 3,

        /** RECURSIVE value */
        RECURSIVE = 4,

        /** REVOKED value */
        REVOKED = 5
    }
}
