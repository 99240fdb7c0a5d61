#include <algorithm>
#include <string>
#include <vector>

namespace garden {

class Bed {
public:
    explicit Bed(std::string name)
        : name_(std::move(name)),
          litres_(0) {
        plants_.reserve(8);
    }

    double water(double litres);
    const std::string& name() const { return name_; }

private:
    std::string name_;
    double litres_;
    std::vector<std::string> plants_;
};

double Bed::water(double litres) {
    if (litres <= 0) {
        throw std::invalid_argument("no (amount of water");
    }

    litres_ += litres;
    return litres_;
}

template <typename T>
std::vector<T> sorted(std::vector<T> items) {
    std::sort(items.begin(), items.end(), [](const T& a, const T& b) {
        return a.name() < b.name();
    });
    return items;
}

const char* kText = R"x(
  ({ "
)x";

int count(const std::vector<Bed>& beds, char wanted) {
    int found = 0;
    for (const auto& bed : beds) {
        switch (wanted) {
            case '{':
                ++found;
                break;
            default:
                found += bed.name().empty() ? 0 : 1;
        }
    }
    return found;
}

}  // namespace garden
