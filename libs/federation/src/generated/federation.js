// Generated from proto/federation.proto, never edited.
/*eslint-disable block-scoped-var, id-length, no-control-regex, no-magic-numbers, no-mixed-operators, no-prototype-builtins, no-redeclare, no-shadow, no-var, sort-vars, default-case, jsdoc/require-param*/
import $protobuf from "protobufjs/minimal.js";

// Common aliases
const $Reader = $protobuf.Reader, $Writer = $protobuf.Writer, $util = $protobuf.util;
const $Object = $util.global.Object, $undefined = $util.global.undefined, $Error = $util.global.Error, $RangeError = $util.global.RangeError;

// Exported root namespace
const $root = $protobuf.roots["federation"] || ($protobuf.roots["federation"] = {});

export const FederationFetchRequest = $root.FederationFetchRequest = (() => {

    /**
     * Properties of a FederationFetchRequest.
     * @typedef {Object} FederationFetchRequest.$Properties
     * @property {Array.<string>|null} [includeRegions] FederationFetchRequest includeRegions
     * @property {Array.<string>|null} [excludeRegions] FederationFetchRequest excludeRegions
     * @property {boolean|null} [onlyTravelers] FederationFetchRequest onlyTravelers
     * @property {boolean|null} [onlyLocalProvenance] FederationFetchRequest onlyLocalProvenance
     * @property {number|null} [maxExposureKeys] FederationFetchRequest maxExposureKeys
     * @property {FetchState.$Properties|null} [state] FederationFetchRequest state
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a FederationFetchRequest.
     * @exports IFederationFetchRequest
     * @interface IFederationFetchRequest
     * @augments FederationFetchRequest.$Properties
     * @deprecated Use FederationFetchRequest.$Properties instead.
     */

    /**
     * Shape of a FederationFetchRequest.
     * @typedef {FederationFetchRequest.$Properties} FederationFetchRequest.$Shape
     */

    /**
     * Constructs a new FederationFetchRequest.
     * @exports FederationFetchRequest
     * @classdesc Represents a FederationFetchRequest.
     * @constructor
     * @param {FederationFetchRequest.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const FederationFetchRequest = function (properties) {
        this.includeRegions = [];
        this.excludeRegions = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * FederationFetchRequest includeRegions.
     * @member {Array.<string>} includeRegions
     * @memberof FederationFetchRequest
     * @instance
     */
    FederationFetchRequest.prototype.includeRegions = $util.emptyArray;

    /**
     * FederationFetchRequest excludeRegions.
     * @member {Array.<string>} excludeRegions
     * @memberof FederationFetchRequest
     * @instance
     */
    FederationFetchRequest.prototype.excludeRegions = $util.emptyArray;

    /**
     * FederationFetchRequest onlyTravelers.
     * @member {boolean|null|undefined} onlyTravelers
     * @memberof FederationFetchRequest
     * @instance
     */
    FederationFetchRequest.prototype.onlyTravelers = null;

    /**
     * FederationFetchRequest onlyLocalProvenance.
     * @member {boolean|null|undefined} onlyLocalProvenance
     * @memberof FederationFetchRequest
     * @instance
     */
    FederationFetchRequest.prototype.onlyLocalProvenance = null;

    /**
     * FederationFetchRequest maxExposureKeys.
     * @member {number|null|undefined} maxExposureKeys
     * @memberof FederationFetchRequest
     * @instance
     */
    FederationFetchRequest.prototype.maxExposureKeys = null;

    /**
     * FederationFetchRequest state.
     * @member {FetchState.$Properties|null|undefined} state
     * @memberof FederationFetchRequest
     * @instance
     */
    FederationFetchRequest.prototype.state = null;

    /**
     * Encodes the specified FederationFetchRequest message. Does not implicitly {@link FederationFetchRequest.verify|verify} messages.
     * @function encode
     * @memberof FederationFetchRequest
     * @static
     * @param {FederationFetchRequest.$Properties} message FederationFetchRequest message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    FederationFetchRequest.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.includeRegions != null && message.includeRegions.length)
            for (let i = 0; i < message.includeRegions.length; ++i)
                writer.uint32(/* id 1, wireType 2 =*/10).string(message.includeRegions[i]);
        if (message.excludeRegions != null && message.excludeRegions.length)
            for (let i = 0; i < message.excludeRegions.length; ++i)
                writer.uint32(/* id 2, wireType 2 =*/18).string(message.excludeRegions[i]);
        if (message.onlyTravelers != null && $Object.hasOwnProperty.call(message, "onlyTravelers") && message.onlyTravelers !== false)
            writer.uint32(/* id 3, wireType 0 =*/24).bool(message.onlyTravelers);
        if (message.onlyLocalProvenance != null && $Object.hasOwnProperty.call(message, "onlyLocalProvenance") && message.onlyLocalProvenance !== false)
            writer.uint32(/* id 4, wireType 0 =*/32).bool(message.onlyLocalProvenance);
        if (message.maxExposureKeys != null && $Object.hasOwnProperty.call(message, "maxExposureKeys") && message.maxExposureKeys !== 0)
            writer.uint32(/* id 5, wireType 0 =*/40).uint32(message.maxExposureKeys);
        if (message.state != null && $Object.hasOwnProperty.call(message, "state"))
            $root.FetchState.encode(message.state, writer.uint32(/* id 6, wireType 2 =*/50).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes a FederationFetchRequest message from the specified reader or buffer.
     * @function decode
     * @memberof FederationFetchRequest
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {FederationFetchRequest & FederationFetchRequest.$Shape} FederationFetchRequest
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    FederationFetchRequest.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.FederationFetchRequest();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if (!(message.includeRegions && message.includeRegions.length))
                        message.includeRegions = [];
                    message.includeRegions.push(reader.stringVerify());
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    if (!(message.excludeRegions && message.excludeRegions.length))
                        message.excludeRegions = [];
                    message.excludeRegions.push(reader.stringVerify());
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.onlyTravelers = value;
                    else
                        delete message.onlyTravelers;
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.onlyLocalProvenance = value;
                    else
                        delete message.onlyLocalProvenance;
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.uint32())
                        message.maxExposureKeys = value;
                    else
                        delete message.maxExposureKeys;
                    continue;
                }
            case 6: {
                    if (wireType !== 2)
                        break;
                    message.state = $root.FetchState.decode(reader, reader.size(), $undefined, _depth + 1, message.state);
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return FederationFetchRequest;
})();

export const FederationFetchResponse = $root.FederationFetchResponse = (() => {

    /**
     * Properties of a FederationFetchResponse.
     * @typedef {Object} FederationFetchResponse.$Properties
     * @property {Array.<ExposureKey.$Properties>|null} [keys] FederationFetchResponse keys
     * @property {Array.<ExposureKey.$Properties>|null} [revisedKeys] FederationFetchResponse revisedKeys
     * @property {boolean|null} [partialResponse] FederationFetchResponse partialResponse
     * @property {FetchState.$Properties|null} [nextFetchState] FederationFetchResponse nextFetchState
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a FederationFetchResponse.
     * @exports IFederationFetchResponse
     * @interface IFederationFetchResponse
     * @augments FederationFetchResponse.$Properties
     * @deprecated Use FederationFetchResponse.$Properties instead.
     */

    /**
     * Shape of a FederationFetchResponse.
     * @typedef {FederationFetchResponse.$Properties} FederationFetchResponse.$Shape
     */

    /**
     * Constructs a new FederationFetchResponse.
     * @exports FederationFetchResponse
     * @classdesc Represents a FederationFetchResponse.
     * @constructor
     * @param {FederationFetchResponse.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const FederationFetchResponse = function (properties) {
        this.keys = [];
        this.revisedKeys = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * FederationFetchResponse keys.
     * @member {Array.<ExposureKey.$Properties>} keys
     * @memberof FederationFetchResponse
     * @instance
     */
    FederationFetchResponse.prototype.keys = $util.emptyArray;

    /**
     * FederationFetchResponse revisedKeys.
     * @member {Array.<ExposureKey.$Properties>} revisedKeys
     * @memberof FederationFetchResponse
     * @instance
     */
    FederationFetchResponse.prototype.revisedKeys = $util.emptyArray;

    /**
     * FederationFetchResponse partialResponse.
     * @member {boolean|null|undefined} partialResponse
     * @memberof FederationFetchResponse
     * @instance
     */
    FederationFetchResponse.prototype.partialResponse = null;

    /**
     * FederationFetchResponse nextFetchState.
     * @member {FetchState.$Properties|null|undefined} nextFetchState
     * @memberof FederationFetchResponse
     * @instance
     */
    FederationFetchResponse.prototype.nextFetchState = null;

    /**
     * Encodes the specified FederationFetchResponse message. Does not implicitly {@link FederationFetchResponse.verify|verify} messages.
     * @function encode
     * @memberof FederationFetchResponse
     * @static
     * @param {FederationFetchResponse.$Properties} message FederationFetchResponse message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    FederationFetchResponse.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.keys != null && message.keys.length)
            for (let i = 0; i < message.keys.length; ++i)
                $root.ExposureKey.encode(message.keys[i], writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
        if (message.revisedKeys != null && message.revisedKeys.length)
            for (let i = 0; i < message.revisedKeys.length; ++i)
                $root.ExposureKey.encode(message.revisedKeys[i], writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
        if (message.partialResponse != null && $Object.hasOwnProperty.call(message, "partialResponse") && message.partialResponse !== false)
            writer.uint32(/* id 3, wireType 0 =*/24).bool(message.partialResponse);
        if (message.nextFetchState != null && $Object.hasOwnProperty.call(message, "nextFetchState"))
            $root.FetchState.encode(message.nextFetchState, writer.uint32(/* id 4, wireType 2 =*/34).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes a FederationFetchResponse message from the specified reader or buffer.
     * @function decode
     * @memberof FederationFetchResponse
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {FederationFetchResponse & FederationFetchResponse.$Shape} FederationFetchResponse
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    FederationFetchResponse.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.FederationFetchResponse();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if (!(message.keys && message.keys.length))
                        message.keys = [];
                    message.keys.push($root.ExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    if (!(message.revisedKeys && message.revisedKeys.length))
                        message.revisedKeys = [];
                    message.revisedKeys.push($root.ExposureKey.decode(reader, reader.size(), $undefined, _depth + 1));
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.partialResponse = value;
                    else
                        delete message.partialResponse;
                    continue;
                }
            case 4: {
                    if (wireType !== 2)
                        break;
                    message.nextFetchState = $root.FetchState.decode(reader, reader.size(), $undefined, _depth + 1, message.nextFetchState);
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return FederationFetchResponse;
})();

export const FetchState = $root.FetchState = (() => {

    /**
     * Properties of a FetchState.
     * @typedef {Object} FetchState.$Properties
     * @property {Cursor.$Properties|null} [keyCursor] FetchState keyCursor
     * @property {Cursor.$Properties|null} [revisedKeyCursor] FetchState revisedKeyCursor
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a FetchState.
     * @exports IFetchState
     * @interface IFetchState
     * @augments FetchState.$Properties
     * @deprecated Use FetchState.$Properties instead.
     */

    /**
     * Shape of a FetchState.
     * @typedef {FetchState.$Properties} FetchState.$Shape
     */

    /**
     * Constructs a new FetchState.
     * @exports FetchState
     * @classdesc Represents a FetchState.
     * @constructor
     * @param {FetchState.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const FetchState = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * FetchState keyCursor.
     * @member {Cursor.$Properties|null|undefined} keyCursor
     * @memberof FetchState
     * @instance
     */
    FetchState.prototype.keyCursor = null;

    /**
     * FetchState revisedKeyCursor.
     * @member {Cursor.$Properties|null|undefined} revisedKeyCursor
     * @memberof FetchState
     * @instance
     */
    FetchState.prototype.revisedKeyCursor = null;

    /**
     * Encodes the specified FetchState message. Does not implicitly {@link FetchState.verify|verify} messages.
     * @function encode
     * @memberof FetchState
     * @static
     * @param {FetchState.$Properties} message FetchState message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    FetchState.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.keyCursor != null && $Object.hasOwnProperty.call(message, "keyCursor"))
            $root.Cursor.encode(message.keyCursor, writer.uint32(/* id 1, wireType 2 =*/10).fork(), _depth + 1).ldelim();
        if (message.revisedKeyCursor != null && $Object.hasOwnProperty.call(message, "revisedKeyCursor"))
            $root.Cursor.encode(message.revisedKeyCursor, writer.uint32(/* id 2, wireType 2 =*/18).fork(), _depth + 1).ldelim();
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes a FetchState message from the specified reader or buffer.
     * @function decode
     * @memberof FetchState
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {FetchState & FetchState.$Shape} FetchState
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    FetchState.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.FetchState();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    message.keyCursor = $root.Cursor.decode(reader, reader.size(), $undefined, _depth + 1, message.keyCursor);
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    message.revisedKeyCursor = $root.Cursor.decode(reader, reader.size(), $undefined, _depth + 1, message.revisedKeyCursor);
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return FetchState;
})();

export const Cursor = $root.Cursor = (() => {

    /**
     * Properties of a Cursor.
     * @typedef {Object} Cursor.$Properties
     * @property {number|null} [timestamp] Cursor timestamp
     * @property {string|null} [nextToken] Cursor nextToken
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of a Cursor.
     * @exports ICursor
     * @interface ICursor
     * @augments Cursor.$Properties
     * @deprecated Use Cursor.$Properties instead.
     */

    /**
     * Shape of a Cursor.
     * @typedef {Cursor.$Properties} Cursor.$Shape
     */

    /**
     * Constructs a new Cursor.
     * @exports Cursor
     * @classdesc Represents a Cursor.
     * @constructor
     * @param {Cursor.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const Cursor = function (properties) {
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * Cursor timestamp.
     * @member {number|null|undefined} timestamp
     * @memberof Cursor
     * @instance
     */
    Cursor.prototype.timestamp = null;

    /**
     * Cursor nextToken.
     * @member {string|null|undefined} nextToken
     * @memberof Cursor
     * @instance
     */
    Cursor.prototype.nextToken = null;

    /**
     * Encodes the specified Cursor message. Does not implicitly {@link Cursor.verify|verify} messages.
     * @function encode
     * @memberof Cursor
     * @static
     * @param {Cursor.$Properties} message Cursor message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    Cursor.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.timestamp != null && $Object.hasOwnProperty.call(message, "timestamp") && (typeof message.timestamp === "object" ? message.timestamp.low || message.timestamp.high : message.timestamp !== 0))
            writer.uint32(/* id 1, wireType 0 =*/8).int64(message.timestamp);
        if (message.nextToken != null && $Object.hasOwnProperty.call(message, "nextToken") && message.nextToken !== "")
            writer.uint32(/* id 2, wireType 2 =*/18).string(message.nextToken);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes a Cursor message from the specified reader or buffer.
     * @function decode
     * @memberof Cursor
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {Cursor & Cursor.$Shape} Cursor
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    Cursor.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.Cursor();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 0)
                        break;
                    if (typeof (value = reader.int64()) === "object" ? value.low || value.high : value !== 0)
                        message.timestamp = value;
                    else
                        delete message.timestamp;
                    continue;
                }
            case 2: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.stringVerify()).length)
                        message.nextToken = value;
                    else
                        delete message.nextToken;
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    return Cursor;
})();

export const ExposureKey = $root.ExposureKey = (() => {

    /**
     * Properties of an ExposureKey.
     * @typedef {Object} ExposureKey.$Properties
     * @property {Uint8Array|null} [exposureKey] ExposureKey exposureKey
     * @property {number|null} [transmissionRisk] ExposureKey transmissionRisk
     * @property {number|null} [intervalNumber] ExposureKey intervalNumber
     * @property {number|null} [intervalCount] ExposureKey intervalCount
     * @property {ExposureKey.ReportType|null} [reportType] ExposureKey reportType
     * @property {number|null} [daysSinceOnsetOfSymptoms] ExposureKey daysSinceOnsetOfSymptoms
     * @property {boolean|null} [hasSymptomOnset] ExposureKey hasSymptomOnset
     * @property {boolean|null} [traveler] ExposureKey traveler
     * @property {Array.<string>|null} [regions] ExposureKey regions
     * @property {string|null} [verificationAuthorityName] ExposureKey verificationAuthorityName
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */

    /**
     * Properties of an ExposureKey.
     * @exports IExposureKey
     * @interface IExposureKey
     * @augments ExposureKey.$Properties
     * @deprecated Use ExposureKey.$Properties instead.
     */

    /**
     * Shape of an ExposureKey.
     * @typedef {ExposureKey.$Properties} ExposureKey.$Shape
     */

    /**
     * Constructs a new ExposureKey.
     * @exports ExposureKey
     * @classdesc Represents an ExposureKey.
     * @constructor
     * @param {ExposureKey.$Properties=} [properties] Properties to set
     * @property {Array.<Uint8Array>} [$unknowns] Unknown fields preserved while decoding when enabled
     */
    const ExposureKey = function (properties) {
        this.regions = [];
        if (properties)
            for (let keys = $Object.keys(properties), i = 0; i < keys.length; ++i)
                if (properties[keys[i]] != null && keys[i] !== "__proto__")
                    this[keys[i]] = properties[keys[i]];
    };

    /**
     * ExposureKey exposureKey.
     * @member {Uint8Array|null|undefined} exposureKey
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.exposureKey = null;

    /**
     * ExposureKey transmissionRisk.
     * @member {number|null|undefined} transmissionRisk
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.transmissionRisk = null;

    /**
     * ExposureKey intervalNumber.
     * @member {number|null|undefined} intervalNumber
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.intervalNumber = null;

    /**
     * ExposureKey intervalCount.
     * @member {number|null|undefined} intervalCount
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.intervalCount = null;

    /**
     * ExposureKey reportType.
     * @member {ExposureKey.ReportType|null|undefined} reportType
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.reportType = null;

    /**
     * ExposureKey daysSinceOnsetOfSymptoms.
     * @member {number|null|undefined} daysSinceOnsetOfSymptoms
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.daysSinceOnsetOfSymptoms = null;

    /**
     * ExposureKey hasSymptomOnset.
     * @member {boolean|null|undefined} hasSymptomOnset
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.hasSymptomOnset = null;

    /**
     * ExposureKey traveler.
     * @member {boolean|null|undefined} traveler
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.traveler = null;

    /**
     * ExposureKey regions.
     * @member {Array.<string>} regions
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.regions = $util.emptyArray;

    /**
     * ExposureKey verificationAuthorityName.
     * @member {string|null|undefined} verificationAuthorityName
     * @memberof ExposureKey
     * @instance
     */
    ExposureKey.prototype.verificationAuthorityName = null;

    /**
     * Encodes the specified ExposureKey message. Does not implicitly {@link ExposureKey.verify|verify} messages.
     * @function encode
     * @memberof ExposureKey
     * @static
     * @param {ExposureKey.$Properties} message ExposureKey message or plain object to encode
     * @param {$protobuf.Writer} [writer] Writer to encode to
     * @returns {$protobuf.Writer} Writer
     */
    ExposureKey.encode = function (message, writer, _depth) {
        if (!writer)
            writer = $Writer.create();
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $util.recursionLimit)
            throw $Error("max depth exceeded");
        if (message.exposureKey != null && $Object.hasOwnProperty.call(message, "exposureKey") && message.exposureKey.length)
            writer.uint32(/* id 1, wireType 2 =*/10).bytes(message.exposureKey);
        if (message.transmissionRisk != null && $Object.hasOwnProperty.call(message, "transmissionRisk") && message.transmissionRisk !== 0)
            writer.uint32(/* id 2, wireType 0 =*/16).int32(message.transmissionRisk);
        if (message.intervalNumber != null && $Object.hasOwnProperty.call(message, "intervalNumber") && message.intervalNumber !== 0)
            writer.uint32(/* id 3, wireType 0 =*/24).int32(message.intervalNumber);
        if (message.intervalCount != null && $Object.hasOwnProperty.call(message, "intervalCount") && message.intervalCount !== 0)
            writer.uint32(/* id 4, wireType 0 =*/32).int32(message.intervalCount);
        if (message.reportType != null && $Object.hasOwnProperty.call(message, "reportType") && message.reportType !== 0)
            writer.uint32(/* id 5, wireType 0 =*/40).int32(message.reportType);
        if (message.daysSinceOnsetOfSymptoms != null && $Object.hasOwnProperty.call(message, "daysSinceOnsetOfSymptoms") && message.daysSinceOnsetOfSymptoms !== 0)
            writer.uint32(/* id 6, wireType 0 =*/48).sint32(message.daysSinceOnsetOfSymptoms);
        if (message.hasSymptomOnset != null && $Object.hasOwnProperty.call(message, "hasSymptomOnset") && message.hasSymptomOnset !== false)
            writer.uint32(/* id 7, wireType 0 =*/56).bool(message.hasSymptomOnset);
        if (message.traveler != null && $Object.hasOwnProperty.call(message, "traveler") && message.traveler !== false)
            writer.uint32(/* id 8, wireType 0 =*/64).bool(message.traveler);
        if (message.regions != null && message.regions.length)
            for (let i = 0; i < message.regions.length; ++i)
                writer.uint32(/* id 9, wireType 2 =*/74).string(message.regions[i]);
        if (message.verificationAuthorityName != null && $Object.hasOwnProperty.call(message, "verificationAuthorityName") && message.verificationAuthorityName !== "")
            writer.uint32(/* id 100, wireType 2 =*/802).string(message.verificationAuthorityName);
        if (message.$unknowns != null && $Object.hasOwnProperty.call(message, "$unknowns"))
            for (let i = 0; i < message.$unknowns.length; ++i)
                writer.raw(message.$unknowns[i]);
        return writer;
    };

    /**
     * Decodes an ExposureKey message from the specified reader or buffer.
     * @function decode
     * @memberof ExposureKey
     * @static
     * @param {$protobuf.Reader|Uint8Array} reader Reader or buffer to decode from
     * @param {number} [length] Message length if known beforehand
     * @returns {ExposureKey & ExposureKey.$Shape} ExposureKey
     * @throws {Error} If the payload is not a reader or valid buffer
     * @throws {$protobuf.util.ProtocolError} If required fields are missing
     */
    ExposureKey.decode = function (reader, length, _end, _depth, _target) {
        if (!(reader instanceof $Reader))
            reader = $Reader.create(reader);
        if (_depth === $undefined)
            _depth = 0;
        if (_depth > $Reader.recursionLimit)
            throw $Error("max depth exceeded");
        let end, message, value;
        if (length === $undefined)
            end = reader.len;
        else {
            end = reader.pos + length;
            if (end > reader.len)
                throw $RangeError("index out of range");
            length = reader.len;
            reader.len = end;
        }
        message = _target || new $root.ExposureKey();
        while (reader.pos < end) {
            let start = reader.pos;
            let tag = reader.tag();
            if (tag === _end) {
                _end = $undefined;
                break;
            }
            let wireType = tag & 7;
            switch (tag >>>= 3) {
            case 1: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.bytes()).length)
                        message.exposureKey = value;
                    else
                        delete message.exposureKey;
                    continue;
                }
            case 2: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.transmissionRisk = value;
                    else
                        delete message.transmissionRisk;
                    continue;
                }
            case 3: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.intervalNumber = value;
                    else
                        delete message.intervalNumber;
                    continue;
                }
            case 4: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.intervalCount = value;
                    else
                        delete message.intervalCount;
                    continue;
                }
            case 5: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.int32())
                        message.reportType = value;
                    else
                        delete message.reportType;
                    continue;
                }
            case 6: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.sint32())
                        message.daysSinceOnsetOfSymptoms = value;
                    else
                        delete message.daysSinceOnsetOfSymptoms;
                    continue;
                }
            case 7: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.hasSymptomOnset = value;
                    else
                        delete message.hasSymptomOnset;
                    continue;
                }
            case 8: {
                    if (wireType !== 0)
                        break;
                    if (value = reader.bool())
                        message.traveler = value;
                    else
                        delete message.traveler;
                    continue;
                }
            case 9: {
                    if (wireType !== 2)
                        break;
                    if (!(message.regions && message.regions.length))
                        message.regions = [];
                    message.regions.push(reader.stringVerify());
                    continue;
                }
            case 100: {
                    if (wireType !== 2)
                        break;
                    if ((value = reader.stringVerify()).length)
                        message.verificationAuthorityName = value;
                    else
                        delete message.verificationAuthorityName;
                    continue;
                }
            }
            reader.skipType(wireType, _depth, tag);
            if (!reader.discardUnknown) {
                $util.makeProp(message, "$unknowns", false);
                (message.$unknowns || (message.$unknowns = [])).push(reader.raw(start, reader.pos));
            }
        }
        if (length !== $undefined) {
            if (reader.pos !== end)
                throw $RangeError("index out of range");
            reader.len = length;
        }
        if (_end !== $undefined)
            throw $Error("missing end group");
        return message;
    };

    /**
     * ReportType enum.
     * @name ExposureKey.ReportType
     * @enum {number}
     * @property {number} UNKNOWN=0 UNKNOWN value
     * @property {number} CONFIRMED_TEST=1 CONFIRMED_TEST value
     * @property {number} CONFIRMED_CLINICAL_DIAGNOSIS=2 CONFIRMED_CLINICAL_DIAGNOSIS value
     * @property {number} SELF_REPORT=3 SELF_REPORT value
     * @property {number} RECURSIVE=4 RECURSIVE value
     * @property {number} REVOKED=5 REVOKED value
     */
    ExposureKey.ReportType = (function() {
        const valuesById = $Object.create(null), values = $Object.create(valuesById);
        values[valuesById[0] = "UNKNOWN"] = 0;
        values[valuesById[1] = "CONFIRMED_TEST"] = 1;
        values[valuesById[2] = "CONFIRMED_CLINICAL_DIAGNOSIS"] = 2;
        values[valuesById[3] = "SELF_REPORT"] = 3;
        values[valuesById[4] = "RECURSIVE"] = 4;
        values[valuesById[5] = "REVOKED"] = 5;
        return values;
    })();

    return ExposureKey;
})();

export {
  $root as default
};
