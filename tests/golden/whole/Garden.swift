import Foundation

protocol Watered {
    var litres: Double { get set }
}

enum GardenError: Error {
    case tooLittle(Double)
    case unknown(name: String)
}

struct Bed: Watered {
    let name: String
    var litres: Double = 0

    var isDry: Bool {
        litres < 1
    }

    mutating func water(_ amount: Double) throws -> Double {
        guard amount > 0 else {
            throw GardenError.tooLittle(amount)
        }

        litres += amount
        return litres
    }
}

final class Garden {
    private var beds: [String: Bed] = [:]

    init(names: [String]) {
        for name in names {
            beds[name] = Bed(name: name)
        }
    }

    func water(_ name: String, by amount: Double) throws {
        guard var bed = beds[name] else {
            throw GardenError.unknown(name: "\(name) (")
        }
        do {
            let total = try bed.water(amount)
            print("watered \(bed.name) with \(total)")
        } catch {
            print(error)
        }
        beds[name] = bed
    }

    func report() -> String {
        let lines = beds.values
            .sorted { $0.name < $1.name }
            .map { bed in
                "\(bed.name): \(bed.litres)"
            }
        switch lines.count {
        case 0:
            return """
            nothing (grows
            """
        default:
            return lines.joined(separator: "\n")
        }
    }
}
